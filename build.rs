//! Rebuilds when a script or a migration was added or removed, not only when one was edited.

fn main() {
    println!("cargo:rerun-if-changed=prompts");
    println!("cargo:rerun-if-changed=migrations");
}
