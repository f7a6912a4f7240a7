//! Provider bytes to model: which provider and wire format an exchange has, what was said, what it used, what it cost.
//!
//! Sync and pure: no network, no clock, no detector, no storage. The front lane asks [`inspect`] and feeds
//! [`Scanner`] and [`UsageFilter`]; the back lane calls [`decode`] and [`PriceBook`].
