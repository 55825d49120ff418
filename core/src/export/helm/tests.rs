use super::{Helm, Keys};
use crate::Analysis;
use crate::export::{self, Options};

const GUARDED: &str = include_str!("../../../../public/examples/rag-guarded.modelspec.yaml");

#[test]
fn a_guarded_graph_as_a_chart() {
    let exported = export::run(&Helm, &Analysis::new(GUARDED), &Options::default()).unwrap();
    let text = |path: &str| {
        let file = exported.files.iter().find(|file| file.path == path);
        &file.unwrap_or_else(|| panic!("{path}")).text
    };
    insta::assert_snapshot!("chart", text("support-rag/Chart.yaml"));
    insta::assert_snapshot!("values", text("support-rag/values.yaml"));
    insta::assert_snapshot!(
        "store",
        text("support-rag/templates/support-rag-store.yaml")
    );
    insta::assert_snapshot!("notes", text("support-rag/templates/NOTES.txt"));
}

#[test]
fn nodes_have_names_within_values() {
    let mut keys = Keys::default();
    let names = ["guard", "my-node", "my_node", "9lives"].map(|node| keys.claim(node));
    assert_eq!(names, ["guard", "my_node", "my_node_", "x9lives"]);
}
