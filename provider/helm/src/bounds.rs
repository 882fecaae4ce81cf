//! What one rendering may take: so much stack, and so much work. A template can ask for any amount of both (a chart
//! that includes itself, a list that holds itself twice, forty times over), and has to end in an error and not with
//! the process.
//!
//! The bounds belong to the thread that renders. Whatever recurses asks for the stack, whatever makes something pays
//! for it; where that cannot fail by itself it stops, and the executor reports it after the call.

use std::cell::Cell;

/// What is left of the stack for what does not ask.
const RESERVED_STACK_BYTES: usize = 32 << 20;
/// A byte of text costs one. The largest charts of the field take a seventieth of it.
const MOST_WORK: usize = 512 << 20;
/// What a node of a template, or a value that is looked at, costs.
pub(crate) const STEP: usize = 64;
/// What a value that is made anew costs, with the memory it takes.
pub(crate) const NEW_VALUE: usize = 128;
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

/// Starts a rendering on this thread, whose stack has so many bytes.
pub(crate) fn start(stack_bytes: usize) {
    FLOOR.set(here().saturating_sub(stack_bytes.saturating_sub(RESERVED_STACK_BYTES)));
    LEFT.set(MOST_WORK);
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

/// Whether something that costs so much may be done. Once it may not, nothing may.
pub(crate) fn allow(work: usize) -> bool {
    let allowed = work < LEFT.get();
    if !allowed {
        LEFT.set(0);
    }
    allowed
}
