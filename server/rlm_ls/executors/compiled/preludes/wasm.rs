// Around a program for WebAssembly: memory that says when it is out, panics that are told, the exports.
#![allow(warnings)]

#[forbid(unsafe_code)]
mod program;

#[link(wasm_import_module = "rlm")]
extern "C" {
    fn log(start: *const u8, length: usize);
}

fn __tell(text: &str) {
    unsafe { log(text.as_ptr(), text.len()) }
}

struct __Memory;

unsafe impl std::alloc::GlobalAlloc for __Memory {
    unsafe fn alloc(&self, layout: std::alloc::Layout) -> *mut u8 {
        __given(std::alloc::System.alloc(layout))
    }
    unsafe fn alloc_zeroed(&self, layout: std::alloc::Layout) -> *mut u8 {
        __given(std::alloc::System.alloc_zeroed(layout))
    }
    unsafe fn realloc(&self, at: *mut u8, layout: std::alloc::Layout, size: usize) -> *mut u8 {
        __given(std::alloc::System.realloc(at, layout, size))
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: std::alloc::Layout) {
        std::alloc::System.dealloc(at, layout)
    }
}

fn __given(at: *mut u8) -> *mut u8 {
    if at.is_null() {
        __tell("out of memory");
    }
    at
}

#[global_allocator]
static __MEMORY: __Memory = __Memory;

fn __begin_call() {
    std::panic::set_hook(Box::new(|info| {
        let said = match (info.payload().downcast_ref::<&str>(), info.payload().downcast_ref::<String>()) {
            (Some(said), _) => *said,
            (_, Some(said)) => said.as_str(),
            _ => "",
        };
        match info.location() {
            Some(place) if place.file().ends_with("program.rs") => {
                __tell(&format!("panicked on line {}: {}", place.line(), said.replace('\n', " ")))
            }
            _ => __tell(&format!("panicked: {}", said.replace('\n', " "))),
        }
    }));
}

unsafe fn __text(start: *const u8, length: usize) -> &'static str {
    match std::str::from_utf8(std::slice::from_raw_parts(start, length)) {
        Ok(text) => text,
        Err(error) => {
            __tell(&format!("was given text that is not valid UTF-8 at byte {}", error.valid_up_to()));
            std::process::abort()
        }
    }
}

fn __give(text: String) -> u64 {
    let text = std::mem::ManuallyDrop::new(text);
    (text.as_ptr() as u64) << 32 | text.len() as u64
}
