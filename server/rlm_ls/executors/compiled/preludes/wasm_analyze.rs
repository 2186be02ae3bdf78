
#[no_mangle]
pub unsafe extern "C" fn run(start: *const u8, length: usize) -> u64 {
    __begin_call();
    __give(program::__answer(__text(start, length)))
}
