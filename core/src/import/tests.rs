use pretty_assertions::assert_eq;
use serde_json::json;

use super::*;

/// Reads lines: `node NAME ROLE` and `edge FROM TO`; `!` is refused.
struct Lines;

static LINE: Kind = Kind::understood("IM-LINE", "Lines");
static BANG: Kind = Kind::refused("IM-BANG", "Lines that shout");

static OF_LINES: &[&Kind] = &[&LINE, &BANG];

impl Importer for Lines {
    fn name(&self) -> &'static str {
        "lines"
    }

    fn title(&self) -> &'static str {
        "Lines"
    }

    fn about(&self) -> &'static str {
        "Lines of words"
    }

    fn kinds(&self) -> &'static [&'static Kind] {
        OF_LINES
    }

    fn detect(&self, file: &File<'_>) -> bool {
        file.extension() == "lines"
    }

    fn read(&self, files: &[&File<'_>], draft: &mut Draft) {
        for file in files {
            draft.name(file.stem());
            let Some(text) = draft.text(file) else {
                continue;
            };
            for line in text.lines() {
                let place = file.at(Span::at(0));
                match line.split(' ').collect::<Vec<_>>().as_slice() {
                    ["node", name, role] => {
                        let name = draft.node(name, &place);
                        draft.put(&name, &["role"], *role);
                    }
                    ["edge", from, to] => draft.edge(from, to),
                    _ => draft.refuse(&BANG, place, line, "say it quietly"),
                }
            }
        }
    }
}

fn import(files: &[(&str, &str)]) -> Result<Imported, ImportError> {
    let contents: Vec<String> = files.iter().map(|(_, text)| (*text).to_owned()).collect();
    let files: Vec<File<'_>> = files
        .iter()
        .zip(&contents)
        .map(|((path, _), content)| File::new(*path, content))
        .collect();
    run_with(&[&Lines], &files)
}

#[test]
fn files_become_one_document_in_canonical_form() {
    let imported = import(&[
        ("b.lines", "edge guard.text writer.prompt"),
        (
            "a.lines",
            "node guard guardrail\nnode My_Writer generator\nnode inputs custom\nnode guard custom",
        ),
        ("notes.txt", "nothing"),
    ]);
    let imported = imported.unwrap();
    assert_eq!(
        imported.text,
        "\
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata:
  name: a
spec:
  nodes:
    guard:
      role: guardrail
    my-writer:
      role: generator
      externalName: My_Writer
    inputs-2:
      role: custom
      externalName: inputs
    guard-2:
      role: custom
      externalName: guard
  edges:
    - from: guard.text
      to: writer.prompt
"
    );
    let told: Vec<(&str, &str)> = imported
        .notes
        .iter()
        .map(|note| (note.kind.code, &*note.place.file))
        .collect();
    let renamed = ("IM-RENAMED", "a.lines");
    assert_eq!(told, [renamed, renamed, renamed, ("IM-ASIDE", "notes.txt")]);
    let read: Vec<usize> = imported
        .readings
        .iter()
        .map(|reading| reading.file)
        .collect();
    assert_eq!(read, [1, 0]);
}

#[test]
fn what_is_refused_gives_no_document() {
    let error = import(&[("a.lines", "node a custom\nAH!\nOH!")]).unwrap_err();
    assert_eq!(error.to_string(), "a.lines: AH!, and one more error");
    let error = import(&[("a.lines", "node a no-such-role")]).unwrap_err();
    assert_eq!(error.notes[0].kind, &FORM, "{error}");
}

#[test]
fn nothing_recognised_is_said() {
    let error = import(&[("a.txt", "x")]).unwrap_err();
    assert_eq!(error.notes[0].kind, &NOTHING);
    assert_eq!(error.notes[0].help.as_deref(), Some("what is read: Lines"));
    assert_eq!(import(&[]).unwrap_err().notes[0].kind, &NOTHING);
    let graph = "apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\nspec: {}\n";
    let error = import(&[("g.yaml", graph)]).unwrap_err();
    assert_eq!(error.notes[0].kind, &GRAPH);
}

#[test]
fn a_text_that_cannot_be_one_is_refused_once() {
    let bytes = vec![0xff, 0xfe, b'a'];
    let broken = "a: [1".to_owned();
    let files = [File::new("x.lines", &bytes), File::new("y.yaml", &broken)];
    let mut draft = Draft::default();
    assert_eq!(draft.text(&files[0]), None);
    assert_eq!(draft.text(&files[0]), None);
    assert_eq!(draft.trees(&files[1]), []);
    assert_eq!(draft.trees(&files[1]), []);
    let (_, notes) = draft.finish();
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(
        notes
            .iter()
            .all(|note| note.kind == &SYNTAX && note.help.is_some())
    );
}

#[test]
fn what_is_said_first_stays() {
    let mut draft = Draft::default();
    let place = Place::new("a", Span::at(0));
    let name = draft.node("a", &place);
    assert!(draft.put(&name, &["model", "id"], "one"));
    assert!(!draft.put(&name, &["model", "id"], "two"));
    assert!(draft.put(&name, &["model", "id"], "one"));
    assert!(!draft.put(&name, &["model", "id", "deeper"], 1));
    assert!(!draft.put("nobody", &["role"], "custom"));
    assert_eq!(draft.get(&name, &["model", "id"]), Some(&json!("one")));
}

#[test]
fn names_stay_within_their_length_and_apart() {
    let mut draft = Draft::default();
    let place = Place::new("a", Span::at(0));
    let long = "a".repeat(80);
    let names = [0, 1].map(|_| draft.node(&long, &place));
    assert_ne!(names[0], names[1]);
    assert!(
        names.iter().all(|name| spec::is_node_name(name)),
        "{names:?}"
    );
    assert_eq!(
        draft.input("text input", json!({"type": "text"})),
        "text_input"
    );
    assert_eq!(draft.input("9", json!({"type": "text"})), "_9");
}

#[test]
fn places_behind_a_byte_order_mark_are_those_of_the_file() {
    let text = "\u{feff}a: 1".to_owned();
    let file = File::new("a.yaml", &text);
    let tree = file.tree().unwrap();
    assert_eq!(tree.get("a").unwrap().span, Span::new(6, 7));
}

#[test]
fn nodes_of_one_name_are_numbered() {
    let mut draft = Draft::default();
    let place = Place::new("", Span::at(0));
    let mut next = || draft.node("embedder", &place);
    let names: Vec<String> = (0..20_000).map(|_| next()).collect();
    for (at, name) in names.iter().enumerate().skip(1) {
        assert_eq!(*name, format!("embedder-{}", at + 1));
    }
    // A long name makes room for its number.
    let long = "e".repeat(80);
    for ending in ["e", "-2", "-3"] {
        let name = draft.node(&long, &place);
        assert!(name.len() == 63 && name.ends_with(ending), "{name}");
    }
}
