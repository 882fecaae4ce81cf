//! What a fuzzer would try of values, on inputs that are the same every time.

#[path = "../../../fuzz/entries/generator.rs"]
mod generator;
#[path = "../../../fuzz/entries/kept.rs"]
mod kept;
#[path = "../../../fuzz/entries/values.rs"]
mod values;

#[test]
fn any_input_is_read_or_refused() {
    let inputs = generator::inputs(values::seeds(), 10_000);
    let read: usize = inputs.map(|input| values::run(&input)).sum();
    // Most inputs are spoilt, but not so many that nothing is tried of what is read.
    assert!((1000..9000).contains(&read), "{read} of 10000 inputs were read");
}

#[test]
fn what_fuzzing_has_kept_is_read_or_refused() {
    let kept = kept::inputs("values").unwrap();
    assert!(!kept.is_empty());
    for input in kept {
        values::run(&input);
    }
}
