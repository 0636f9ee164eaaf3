//! Links the command so that it starts fast.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        // At a fixed address 570,000 places need not be relocated at each start, which took 6 of 9 ms and 20
        // MiB of memory; docs/adr/0023-fixed-address.md has the price of it.
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
