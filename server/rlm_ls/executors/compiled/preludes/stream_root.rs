
pub trait __Streaming {
    fn take(&mut self, text: &str);
    fn end(&mut self) -> String;
}

pub struct __Stream<S, R> {
    state: Option<S>,
    feed: fn(&mut S, &str),
    finish: fn(S) -> R,
}

impl<S, R: ToString> __Streaming for __Stream<S, R> {
    fn take(&mut self, text: &str) {
        if let Some(state) = &mut self.state {
            (self.feed)(state, text)
        }
    }
    fn end(&mut self) -> String {
        self.state.take().map(|state| (self.finish)(state).to_string()).unwrap_or_default()
    }
}
