pub fn analyze(text: &str) -> ::std::string::String {
    let mut state = init();
    feed(&mut state, text);
    ::std::string::ToString::to_string(&finish(state))
}
