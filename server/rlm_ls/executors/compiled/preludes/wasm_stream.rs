
static mut __STREAM: Option<Box<dyn __Streaming>> = None;

fn __stream() -> Box<dyn __Streaming> {
    match unsafe { (*std::ptr::addr_of_mut!(__STREAM)).take() } {
        Some(stream) => stream,
        None => {
            __begin_call();
            program::__begin()
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn feed(start: *const u8, length: usize) {
    let mut stream = __stream();
    stream.take(__text(start, length));
    *std::ptr::addr_of_mut!(__STREAM) = Some(stream);
}

#[no_mangle]
pub unsafe extern "C" fn finish() -> u64 {
    __give(__stream().end())
}
