//! Stub. The lead's scripts replace this file.

/// Stub: what the scripts say.
#[derive(Debug, Default)]
pub struct Library {
    _scripts: (),
}
