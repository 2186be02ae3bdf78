pub fn __begin() -> ::std::boxed::Box<dyn super::__Streaming> {
    ::std::boxed::Box::new(super::__Stream { state: ::std::option::Option::Some(init()), feed, finish })
}
