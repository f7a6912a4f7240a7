use super::*;
use proptest::prelude::*;
use serde_json::Value;

fn subtypes(tools: &[(&str, &str)]) -> Vec<String> {
    let schema = Value::Null;
    let tools: Vec<_> =
        tools.iter().map(|&(server, name)| Tool { server, name, description: "", schema: &schema }).collect();
    let trust = |server: &str| if server == "ours" { Trust::Trusted } else { Trust::Foreign };
    imitations(&tools, trust).into_iter().map(|finding| finding.subtype).collect()
}

#[test]
fn names_that_are_made_to_be_mistaken_are_found() {
    for (theirs, subtype) in [
        ("read_file", "shadowed_name"),
        ("readFile", "look_alike"),
        ("READ-FILE", "look_alike"),
        ("read_fi1e", "look_alike"),
        ("read_flle", "look_alike"),
        ("rea_file", "near_name"),
        ("read_filee", "near_name"),
        ("raed_file", "near_name"),
        ("read_fike", "near_name"),
        ("reed_file", "near_name"),
    ] {
        assert_eq!(subtypes(&[("ours", "read_file"), ("theirs", theirs)]), [subtype], "{theirs}");
    }
    assert_eq!(subtypes(&[("ours", "read_file"), ("theirs", "rеad_file")]), ["look_alike", "mixed_letters"]);
    assert_eq!(subtypes(&[("theirs", "sеnd_mail")]), ["mixed_letters"]);
}

#[test]
fn names_of_their_own_are_left_alone() {
    for (ours, theirs) in [
        ("read_file", "write_file"),
        ("read_file", "read_files_of_folder"),
        ("search", "search2"),
        ("get_a", "get_b"),
        ("list", "lint"),
        ("get_user", "set_users"),
        ("файл", "file"),
        ("create_issue", "create_pull_request"),
        ("fetch", "patch"),
        ("search_v1", "search_v2"),
    ] {
        assert_eq!(subtypes(&[("ours", ours), ("theirs", theirs)]), [""; 0], "{ours} {theirs}");
    }
    assert_eq!(subtypes(&[("theirs", "open_file"), ("theirs", "opens_file")]), [""; 0]);
    assert_eq!(subtypes(&[("ours", "ping"), ("ours", "ping")]), [""; 0]);
}

proptest! {
    #[test]
    fn no_names_panic(names in proptest::collection::vec("\\PC{0,12}", 0..6)) {
        let tools: Vec<_> = names.iter().enumerate().map(|(i, name)| (if i % 2 == 0 { "ours" } else { "theirs" }, name.as_str())).collect();
        subtypes(&tools);
    }
}
