//! What the provider remembers of a platform beside its state: the version of Kubernetes that its
//! add-ons were last brought to. An upgrade that is cut off between the control plane and the
//! add-ons has the new version in the state already, and nothing else tells that they are to
//! follow.

use travel_framework::call::Memory;

use crate::consistency::Call;

/// The entry of the page's memory.
const ADDONS_FOLLOW: &str = "addons_follow";

/// The version of Kubernetes that the add-ons were last brought to; none where nobody has noted it.
pub fn addons_follow(memory: &Memory) -> Option<&str> {
    memory.get(ADDONS_FOLLOW)?.as_str()
}

/// Notes that the add-ons have been brought to a version of Kubernetes.
pub fn note_addons(call: &Call, version: &str) {
    let mut memory = call.remembered();
    memory.insert(ADDONS_FOLLOW.to_owned(), version.into());
    call.remember(memory);
}

/// Notes it where nothing is noted yet: of a platform that is imported, or was made before there
/// was anything to note.
pub fn note_addons_at_first(call: &Call, version: &str) {
    if addons_follow(&call.remembered()).is_none() {
        note_addons(call, version);
    }
}
