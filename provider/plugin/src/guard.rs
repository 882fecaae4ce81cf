//! Panics in a handler: they end its request with an error, never the process.

use std::cell::RefCell;
use std::fmt;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};

use futures::FutureExt;
use tracing::error;

/// Where a handler panicked, and its message where that cannot hold a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Panic {
    place: Option<String>,
    message: Option<&'static str>,
}

thread_local! {
    static LAST: RefCell<Panic> = RefCell::default();
}

/// Has panics noted in the log from now on instead of printed. A message that was put together at
/// run time is left out, for it may hold a secret.
pub fn install_panic_hook() {
    panic::set_hook(Box::new(|information| {
        let panic = Panic::new(information);
        error!(%panic, "the provider panicked; this is a bug in it");
        LAST.set(panic);
    }));
}

/// The future's output, or where it panicked.
///
/// # Errors
/// When the future panicked.
pub async fn guarded<T>(future: impl Future<Output = T>) -> Result<T, Panic> {
    // What a handler shares with others is either behind locks that know of panics or never left
    // half-changed across one, as in every server that runs handlers as tasks.
    AssertUnwindSafe(future).catch_unwind().await.map_err(|_| LAST.take())
}

impl Panic {
    fn new(information: &PanicHookInfo<'_>) -> Self {
        Self {
            place: information.location().map(ToString::to_string),
            message: information.payload().downcast_ref::<&'static str>().copied(),
        }
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place.as_deref().unwrap_or("an unknown place");
        write!(formatter, "panic at {place}")?;
        self.message.map_or(Ok(()), |message| write!(formatter, ": {message}"))
    }
}
