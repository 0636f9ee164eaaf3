//! The `otolith` command.
fn main() {}
