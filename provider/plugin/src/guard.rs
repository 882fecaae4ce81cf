//! Panics in a handler: they end its request with an error, never the process.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::pin::pin;

use futures::FutureExt;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tracing::{Span, error};

/// Where a handler panicked, and its message where that cannot hold a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Panic {
    place: Option<String>,
    message: Option<&'static str>,
}

thread_local! {
    /// Whether this thread is running a handler right now.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
    /// The last panic on this thread.
    static LAST: RefCell<Panic> = RefCell::default();
}

/// Has panics reported from now on without what may be secret in them: a message that was put
/// together at run time is left out. Those of handlers are noted in the log; for others, which may
/// end the process, there is a line of the kind that Terraform shows when a plugin dies.
pub fn install_panic_hook() {
    panic::set_hook(Box::new(|information| {
        let panic = Panic::new(information);
        if GUARDED.get() {
            error!(%panic, "the provider panicked; this is a bug in it");
        } else {
            eprintln!("panic: {panic}");
        }
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
    let mut future = pin!(AssertUnwindSafe(future).catch_unwind());
    let outcome = poll_fn(|context| {
        GUARDED.set(true);
        let polled = future.as_mut().poll(context);
        GUARDED.set(false);
        polled
    });
    outcome.await.map_err(|_| LAST.take())
}

/// The output of work that takes long without waiting, done on a thread of its own: those of the
/// runtime stay free for other requests. Where it panics, so does this, as if it had been there.
pub async fn apart<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let (runtime, span) = (Handle::current(), Span::current());
    let thread = spawn_blocking(move || span.in_scope(|| runtime.block_on(guarded(work))));
    let panic = match thread.await {
        Ok(Ok(output)) => return output,
        Ok(Err(panic)) => panic,
        // The runtime has ended, and with it whoever waits for this.
        Err(_) => Panic::default(),
    };
    LAST.set(panic);
    panic::resume_unwind(Box::new(()))
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
        formatter.write_str(place)?;
        self.message.map_or(Ok(()), |message| write!(formatter, ": {message}"))
    }
}
