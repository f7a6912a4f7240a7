//! Tests of `usage_filter`.
