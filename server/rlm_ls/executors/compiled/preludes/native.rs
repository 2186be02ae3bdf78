// The root of a native Rust program: maps the text, calls `program::analyze`, writes the result.

#[forbid(unsafe_code)]
mod program;

extern "C" {
    fn mmap(place: *mut u8, bytes: usize, protection: i32, flags: i32, descriptor: i32, offset: i64) -> *mut u8;
    fn close(descriptor: i32) -> i32;
}

const READ: i32 = 1;
const PRIVATE: i32 = 2;
const PAGES: usize = 1 << 16; // a multiple of every page size in use

fn text() -> &'static [u8] {
    let numbers: Vec<usize> = std::env::args().skip(1).map(|one| one.parse().unwrap_or(0)).collect();
    let (offset, bytes) = (numbers[0], numbers[1]);
    if bytes == 0 {
        return &[];
    }
    let before = offset % PAGES;
    // SAFETY: a new mapping that is never unmapped. The file may shrink: then a read ends the process, which is told
    // apart from other ends. It is not written through by us, and those who could are the user's own editors.
    unsafe {
        let place = mmap(std::ptr::null_mut(), bytes + before, READ, PRIVATE, 0, (offset - before) as i64);
        if place as isize == -1 {
            eprintln!("rlm-panic 0: the text cannot be mapped: {}", std::io::Error::last_os_error());
            std::process::exit(101);
        }
        close(0);
        std::slice::from_raw_parts(place.add(before), bytes)
    }
}

fn main() {
    std::panic::set_hook(Box::new(|panic| {
        let line = panic.location().filter(|at| at.file().ends_with("program.rs")).map_or(0, |at| at.line());
        let said = panic.payload();
        let said = said.downcast_ref::<&str>().copied().or_else(|| said.downcast_ref::<String>().map(|one| one.as_str()));
        eprintln!("rlm-panic {}: {}", line, said.unwrap_or("a panic"));
        std::process::exit(101);
    }));
    let raw = text();
    let result = match std::str::from_utf8(raw) {
        Ok(text) => program::analyze(text),
        Err(_) => program::analyze(&String::from_utf8_lossy(raw)),
    };
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let written = out
        .write_all(result.as_bytes())
        .and_then(|_| out.write_all(&(result.len() as u64).to_le_bytes()))
        .and_then(|_| out.flush());
    std::process::exit(if written.is_ok() { 0 } else { 102 });
}
