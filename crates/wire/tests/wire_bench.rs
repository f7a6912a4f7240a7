//! The exchanges that `make bench-wire` measures are read to the last word: what is not read would look cheap.

#[path = "../examples/wire_bench/exchanges.rs"]
mod exchanges;
#[path = "../examples/wire_bench/shapes.rs"]
mod shapes;

#[test]
fn every_measured_exchange_is_read_in_full() {
    for (name, plain, stream) in exchanges::all(8192) {
        for case in plain.iter().chain([&stream]) {
            assert_eq!(exchanges::fault(case), None, "{name}");
            assert!(case.answer.len() > 8000 && case.request.len() > 8000, "{name}");
        }
        assert!(stream.deltas > 10 && stream.text.len() == stream.deltas * 5, "{name}");
    }
}
