//! Rebuilds when a script was added or removed, not only when one was edited.

fn main() {
    println!("cargo:rerun-if-changed=prompts");
}
