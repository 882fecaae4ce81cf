//! Everything that can be said of a revision before anything is changed.

use super::{LifecycleError, Obstacle, Target, Wanted};
use crate::engine::Rendering;

/// Renders a chart with what the cluster is and holds: as the next revision of the release, an upgrade where the release
/// stands. Where `planning`, values may be unknown, as [`crate::RenderOptions::planning`] has it.
///
/// # Errors
/// The chart cannot be rendered, or the cluster cannot be asked.
pub async fn render_for(
    target: &Target<'_>,
    wanted: &Wanted<'_>,
    planning: bool,
) -> Result<Rendering, LifecycleError> {
    let _ = (wanted, planning);
    Err(unfinished(target, "render"))
}

pub(super) fn unfinished(target: &Target<'_>, action: &'static str) -> LifecycleError {
    LifecycleError {
        action,
        name: target.name.to_owned(),
        namespace: target.namespace.to_owned(),
        obstacle: Box::new(Obstacle::Cancelled),
    }
}
