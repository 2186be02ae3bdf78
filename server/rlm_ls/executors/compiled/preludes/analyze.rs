pub fn __answer(text: &str) -> ::std::string::String {
    ::std::string::ToString::to_string(&analyze(text))
}
