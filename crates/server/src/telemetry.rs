//! What the product says about itself: metrics and log events. The only room that names a metric.

mod events;
pub mod logs;
mod metrics;
mod process;
mod series;

pub use events::{Events, Gauged, Rejected, Shed, Step};
pub use metrics::Metrics;
