//! Numbers that states give to persons and firms, by part of the world.

mod americas;
mod asia;
mod europe;
mod europe_west;

use super::recogniser::Recogniser;

/// All of them.
pub(super) fn all() -> impl Iterator<Item = &'static Recogniser> {
    europe_west::ALL.iter().chain(&europe::ALL).chain(&americas::ALL).chain(&asia::ALL)
}
