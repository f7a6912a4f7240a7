//! Has the crate built anew when the dashboard was: its files are embedded (`src/web/site.rs`).

use std::{fs, path::Path};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let web = Path::new("../../web");
    let dist = web.join("dist");
    // A path that is not there counts as changed on every build, so the folder is made, empty. Where that cannot be, in sources that are
    // read-only, the dashboard cannot be built later either.
    if dist.is_dir() || (web.is_dir() && fs::create_dir(&dist).is_ok()) {
        println!("cargo:rerun-if-changed={}", dist.display());
    }
}
