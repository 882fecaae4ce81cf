//! What one rendering may take: so much stack, and so much work. A template can ask for any amount of both (a chart
//! that includes itself, a list that holds itself twice, forty times over), and has to end in an error and not with
//! the process.
//!
//! The bounds belong to the thread that renders. Whatever recurses asks for the stack, whatever makes something pays
//! for it; where that cannot fail by itself it stops, and the executor reports it after the call.

use std::cell::Cell;

/// How much a rendering may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The stack of the thread it runs on, in bytes; what is not used of it costs nothing.
    pub stack_bytes: usize,
    /// The work it may do, where a byte of text costs one.
    pub work: usize,
}

impl Default for Bounds {
    /// Of the work, the largest charts of the field take a thirtieth.
    fn default() -> Self {
        Bounds { stack_bytes: 512 << 20, work: 512 << 20 }
    }
}

/// What is left of the stack for what does not ask.
const RESERVED_STACK_BYTES: usize = 32 << 20;
/// What a part of a command costs, such as an argument or the name of a field.
pub(crate) const PART: usize = 16;
/// What a node of a template, or a value that is looked at, costs.
pub(crate) const STEP: usize = 64;
/// What a value that is made anew costs, with the memory it takes.
pub(crate) const NEW_VALUE: usize = 128;
/// What it costs to keep the processor busy for a thousandth of a second, as passwords and keys are meant to.
pub(crate) const MILLISECOND: usize = 32 << 10;
/// Longer sequences are not made.
pub(crate) const LONGEST_SEQUENCE: u64 = 1_000_000;
/// What there is to say where a bound is reached.
pub(crate) const TOO_MUCH: &str = "the chart takes too much time or memory to render, look for a loop without end, or for a value that \
     grows with each turn of one";
/// The same for the stack.
pub(crate) const TOO_DEEP: &str =
    "templates nest too deep, look for one that includes itself without end";

thread_local! {
    /// The address below which the stack is low; zero on a thread that knows no bounds.
    static FLOOR: Cell<usize> = const { Cell::new(0) };
    static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Starts a rendering on this thread, which has that stack.
pub(crate) fn start(bounds: Bounds) {
    FLOOR.set(here().saturating_sub(bounds.stack_bytes.saturating_sub(RESERVED_STACK_BYTES)));
    LEFT.set(bounds.work);
}

/// Does something on a thread of any kind with no more work than a rendering may do.
pub(crate) fn limited<T>(run: impl FnOnce() -> T) -> T {
    struct Restore(usize);
    impl Drop for Restore {
        fn drop(&mut self) {
            LEFT.set(self.0);
        }
    }
    let _restore = Restore(LEFT.replace(Bounds::default().work));
    run()
}

/// An address near the end of the stack, which grows downwards on every platform there is a release for.
fn here() -> usize {
    let mark = 0_u8;
    std::ptr::from_ref(&mark).addr()
}

/// Whether nothing should go deeper.
pub(crate) fn is_stack_low() -> bool {
    here() < FLOOR.get()
}

/// Pays for something that was done, and says whether to go on.
pub(crate) fn pay(work: usize) -> bool {
    let left = LEFT.get().saturating_sub(work);
    LEFT.set(left);
    left > 0
}

/// Whether nothing more may be done.
pub(crate) fn is_exhausted() -> bool {
    LEFT.get() == 0
}

/// Whether something that costs so much may be done. Once it may not, nothing may.
pub(crate) fn allow(work: usize) -> bool {
    let allowed = work < LEFT.get();
    if !allowed {
        LEFT.set(0);
    }
    allowed
}
