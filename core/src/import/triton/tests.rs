use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pretty_assertions::assert_eq;
use proptest::prelude::*;

use super::schema::{CONFIG, Form, KeyKind, Kind as FieldKind, Label};
use crate::Analysis;
use crate::import::{Class, File, ImportError, Imported, run_with};

fn import(files: &[(&str, &str)]) -> Result<Imported, ImportError> {
    let contents: Vec<String> = files.iter().map(|(_, text)| (*text).to_owned()).collect();
    let files: Vec<File<'_>> = files
        .iter()
        .zip(&contents)
        .map(|((path, _), content)| File::new(*path, content))
        .collect();
    run_with(&[&super::Triton], &files)
}

fn import_owned(files: &[(String, String)]) -> Result<Imported, ImportError> {
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (&**path, &**text))
        .collect();
    import(&files)
}

/// A part of the folder of other projects' files; says what is skipped without it.
fn shared(part: &str) -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let stated = std::env::var_os("MODELSPEC_SHARED").unwrap_or_else(|| "../shared".into());
    let path = workspace.join(stated).join(part);
    if path.exists() {
        return Some(path);
    }
    eprintln!(
        "skipped: {} is not there; MODELSPEC_SHARED names its folder",
        path.display()
    );
    None
}

/// The configurations below a folder, by their paths in it.
fn configs(folder: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        for entry in std::fs::read_dir(inner).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "pbtxt")
            {
                let parent = folder.parent().unwrap();
                let name = path.strip_prefix(parent).unwrap().to_str().unwrap();
                files.push((name.to_owned(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// What Triton refuses: the folder, our code, and what the code is about in Triton's sentence.
const REFUSED: &[(&str, &str)] = &[
    ("circular_dependency", "IM-TRITON-CIRCULAR"),
    ("has_backend", "IM-TRITON-PLATFORM"),
    ("inconsistent_shape", "IM-TRITON-SHAPE"),
    ("invalid_batch_size", "IM-TRITON-BATCH"),
    ("invalid_decoupled_branching_2", "IM-TRITON-DECOUPLED"),
    ("invalid_output_map", "IM-TRITON-NO-TENSOR"),
    ("no_input_map", "IM-TRITON-NO-INPUT-MAP"),
    ("no_output_map", "IM-TRITON-NO-OUTPUT-MAP"),
    ("no_required_version_2", "IM-TRITON-VERSION"),
    ("no_step", "IM-TRITON-NO-STEP"),
    ("non_existing_model", "IM-TRITON-NO-MODEL"),
    ("output_to_tensor_overmapped", "IM-TRITON-WRITTEN-TWICE"),
    ("redundant_tensor_as_output", "IM-TRITON-TENSOR-UNUSED"),
    ("tensor_to_input_overmapped", "IM-TRITON-TENSOR-UNUSED"),
    ("unreachable_input", "IM-TRITON-INPUT-UNUSED"),
    ("unreachable_output_2", "IM-TRITON-NOT-WRITTEN"),
];

/// The names, numbers and shapes of a sentence: what tells one fault from another.
fn facts(sentence: &str) -> Vec<String> {
    let plain = sentence.replace(['\'', '`', '\\'], "");
    plain
        .split_whitespace()
        .map(|word| word.trim_matches([',', ':']).to_owned())
        .filter(|word| word.contains(['_', '[']) || word.chars().all(|c| c.is_ascii_digit()))
        .collect()
}

#[test]
fn what_triton_refuses_is_refused_for_triton_s_reason() {
    let Some(folder) = shared("examples/triton-negative") else {
        return;
    };
    let mut named = Vec::new();
    for (case, code) in REFUSED {
        let path = folder.join(case);
        let error = import_owned(&configs(&path)).expect_err(case);
        let expected = std::fs::read_to_string(path.join("expected")).unwrap();
        let facts = facts(&expected);
        // What follows from the one fault may be told too, and is of the same kind.
        let codes: Vec<&str> = error.refusals().map(|note| note.kind.code).collect();
        assert!(codes.iter().all(|told| told == code), "{case}: {codes:?}");
        let says = |message: &str| {
            let plain = message.replace('`', "");
            facts.iter().all(|fact| plain.contains(fact))
        };
        let mut refusals = error.refusals();
        let told = refusals.any(|note| says(&note.message) && note.help.is_some());
        assert!(
            told,
            "{case}: {facts:?} are not all said: {:#?}",
            error.notes
        );
        named.push((*case).to_owned());
    }
    let mut there: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    there.sort();
    assert_eq!(named, there, "a case is not in the table");
}

#[test]
fn valid_repositories_become_graphs() {
    let Some(folder) = shared("examples/triton") else {
        return;
    };
    for (case, nodes, edges) in [("part5-ocr", 5, 8), ("hf-vit", 2, 4)] {
        let imported = import_owned(&configs(&folder.join(case))).expect(case);
        let analysis = Analysis::new(imported.text.clone());
        assert!(analysis.reading.is_well_formed(), "{}", imported.text);
        let errors: Vec<_> = analysis
            .diagnostics
            .iter()
            .filter(|found| found.severity == crate::check::Severity::Error)
            .collect();
        assert!(errors.is_empty(), "{errors:#?}\n{}", imported.text);
        let (graph, _) = analysis.reading.graph().unwrap();
        let spec = graph.spec.as_ref().unwrap();
        assert_eq!(spec.nodes.as_ref().unwrap().len(), nodes, "{case}");
        assert_eq!(spec.edges.as_ref().unwrap().len(), edges, "{case}");
    }
    // Each file alone, as a person may drop it: a model is a graph of one node.
    for (path, text) in configs(&folder.join("part5-ocr")) {
        let alone = import(&[(&path, &text)]);
        let is_ensemble = text.contains("ensemble_scheduling");
        assert_eq!(alone.is_err(), is_ensemble, "{path}: {alone:#?}");
    }
}

const DOUBLE: &str = r#"
name: "double"
platform: "onnxruntime_onnx"
max_batch_size: 8
input { name: "x:0" data_type: TYPE_FP16 dims: [ -1, 3 ] format: FORMAT_NONE }
input { name: "mask" data_type: TYPE_BOOL dims: 1 optional: true }
output { name: "y" data_type: TYPE_FP16 dims: [ -1, 3 ] reshape { shape: [ 3 ] } }
dynamic_batching { max_queue_delay_microseconds: 100 default_queue_policy { max_queue_size: 64 } }
instance_group [ { count: 2 kind: KIND_GPU gpus: [ 0 ] } ]
parameters { key: "threads" value { string_value: "4" } }
"#;

const TWICE: &str = r#"
name: "twice"
platform: "ensemble"
max_batch_size: 4
input { name: "in" data_type: TYPE_FP16 dims: [ 7, 3 ] }
output { name: "out" data_type: TYPE_FP16 dims: [ 7, -1 ] }
ensemble_scheduling { step [
  { model_name: "double" input_map { key: "x:0" value: "in" } output_map { key: "y" value: "half" } },
  { model_name: "double" input_map { key: "x:0" value: "half" } output_map { key: "y" value: "out" } }
] }
"#;

#[test]
fn an_ensemble_becomes_nodes_and_edges() {
    let imported = import(&[
        ("repo/double/config.pbtxt", DOUBLE),
        ("repo/twice/config.pbtxt", TWICE),
    ])
    .unwrap();
    insta::assert_snapshot!(imported.text);
    let mut told: Vec<&str> = imported.notes.iter().map(|note| note.kind.code).collect();
    let per_node = ["IM-TRITON-KEPT", "IM-TRITON-MODEL"];
    let renamed = ["IM-RENAMED"];
    let of_the_ensemble = ["IM-TRITON-KEPT"];
    let mut expected = [&per_node[..], &per_node, &renamed, &of_the_ensemble].concat();
    expected.sort_unstable();
    told.sort_unstable();
    assert_eq!(told, expected);
}

#[test]
fn an_ensemble_within_an_ensemble_is_laid_open() {
    let outer = TWICE.replace("\"twice\"", "\"outer\"").replace(
        "model_name: \"double\" input_map { key: \"x:0\" value: \"in\" } output_map { key: \"y\"",
        "model_name: \"twice\" input_map { key: \"in\" value: \"in\" } output_map { key: \"out\"",
    );
    let imported = import(&[
        ("repo/double/config.pbtxt", DOUBLE),
        ("repo/twice/config.pbtxt", TWICE),
        ("repo/outer/config.pbtxt", &outer),
    ])
    .unwrap();
    let analysis = Analysis::new(imported.text);
    let (graph, _) = analysis.reading.graph().unwrap();
    let spec = graph.spec.as_ref().unwrap();
    assert_eq!(
        graph
            .metadata
            .as_ref()
            .unwrap()
            .name
            .as_ref()
            .unwrap()
            .value
            .0,
        "outer"
    );
    assert_eq!(spec.nodes.as_ref().unwrap().len(), 3);
    let edges: Vec<String> = spec
        .edges
        .iter()
        .flat_map(|edges| &edges.value)
        .map(|edge| {
            let from = edge.value.from.as_ref().unwrap();
            let to = edge.value.to.as_ref().unwrap();
            format!("{} {}", from.value, to.value)
        })
        .collect();
    assert_eq!(
        edges,
        [
            "inputs.in double.x_0",
            "double.y double-2.x_0",
            "double-2.y double-3.x_0",
            "double-3.y outputs.out"
        ]
    );
}

/// One change to a sound repository, and what is refused then.
#[test]
fn one_fault_is_told_alone() {
    let faults: &[(&str, &str, &str)] = &[
        ("max_batch_size: 4", "max_batch_size: 9", "IM-TRITON-BATCH"),
        (
            "max_batch_size: 4",
            "max_batch_size: -4",
            "IM-TRITON-CONFIG",
        ),
        (
            "max_batch_size: 4",
            "max_batch_size: 4 instance_group { }",
            "IM-TRITON-SETTING",
        ),
        (
            "max_batch_size: 4",
            "max_batch_size: 4294967296",
            "IM-TRITON-FIELD",
        ),
        ("max_batch_size: 4", "max_batch: 4", "IM-TRITON-FIELD"),
        (
            "max_batch_size: 4",
            "max_batch_size: 4 max_batch_size: 4",
            "IM-TRITON-FIELD",
        ),
        (
            "max_batch_size: 4",
            "dynamic_batching { }",
            "IM-TRITON-FIELD",
        ),
        ("max_batch_size: 4", "max_batch_size 4", "IM-TRITON-SYNTAX"),
        ("platform: \"ensemble\"", "", "IM-TRITON-PLATFORM"),
        ("TYPE_FP16", "TYPE_FP64", "IM-TRITON-TYPE"),
        ("TYPE_FP16", "TYPE_F16", "IM-TRITON-FIELD"),
        ("[ 7, 3 ]", "[ 7, 4 ]", "IM-TRITON-SHAPE"),
        ("[ 7, 3 ]", "[ 0 ]", "IM-TRITON-CONFIG"),
        ("[ 7, 3 ]", "[ ]", "IM-TRITON-CONFIG"),
        ("{ key: \"x:0\"", "{ key: \"x\"", "IM-TRITON-NO-TENSOR"),
        (
            "model_name: \"double\"",
            "model_name: \"doubl\"",
            "IM-TRITON-NO-MODEL",
        ),
        (
            "model_name: \"double\"",
            "model_name: \"double\" model_version: 3",
            "IM-TRITON-VERSION",
        ),
        ("model_name: \"double\"", "", "IM-TRITON-NO-MODEL-NAME"),
    ];
    for (before, after, code) in faults {
        let broken = TWICE.replacen(before, after, 1);
        assert_ne!(broken, TWICE, "{before}");
        let error = import(&[
            ("double/config.pbtxt", DOUBLE),
            ("twice/config.pbtxt", &broken),
        ])
        .expect_err(after);
        let codes: Vec<&str> = error.refusals().map(|note| note.kind.code).collect();
        // A wrong name leaves its input without a value, and both are told.
        let expected: &[&str] = match *code {
            "IM-TRITON-NO-TENSOR" => &["IM-TRITON-UNMAPPED", code],
            _ => &[code],
        };
        assert_eq!(codes, expected, "{after}: {:#?}", error.notes);
        assert!(
            error
                .refusals()
                .all(|note| note.place.file == "twice/config.pbtxt")
        );
    }
    let error = import(&[("a/config.pbtxt", DOUBLE), ("b/config.pbtxt", DOUBLE)]).unwrap_err();
    assert_eq!(error.notes[0].kind.code, "IM-TRITON-AMBIGUOUS");
    let error = import(&[("double/1/model.py", "")]).unwrap_err();
    assert_eq!(error.notes[0].kind.code, "IM-TRITON-NO-CONFIG");
}

#[test]
fn folders_of_versions_say_what_is_loaded() {
    let third = TWICE.replacen(
        "model_name: \"double\"",
        "model_name: \"double\" model_version: 3",
        1,
    );
    let files = |version: &'static str, policy: &str| {
        let double = format!("{DOUBLE}{policy}");
        import(&[
            ("double/config.pbtxt", &double),
            (version, ""),
            ("twice/config.pbtxt", &third),
        ])
        .is_ok()
    };
    assert!(files("double/3/model.onnx", ""));
    assert!(!files("double/2/model.onnx", ""));
    // A model that is there by its file alone is completed by the server, and guessed here.
    let alone = [("double/3/model.onnx", ""), ("twice/config.pbtxt", &third)];
    let imported = import(&alone).unwrap();
    assert!(
        imported
            .text
            .contains("path: /v2/models/double/versions/3/infer")
    );
    assert!(files(
        "notes",
        "version_policy { specific { versions: [ 3 ] } }"
    ));
    assert!(!files(
        "double/3/model.onnx",
        "version_policy { specific { versions: [ 2 ] } }"
    ));
}

#[test]
fn nesting_is_bounded() {
    let mut files = vec![(
        "m0/config.pbtxt".to_owned(),
        DOUBLE.replace("\"double\"", "\"m0\""),
    )];
    // Each runs the one before twice: the number of steps doubles each time.
    for level in 1..20 {
        let inner = level - 1;
        let (taken, given) = if inner == 0 {
            ("x:0", "y")
        } else {
            ("in", "out")
        };
        let text = TWICE
            .replace("\"twice\"", &format!("\"m{level}\""))
            .replace("\"double\"", &format!("\"m{inner}\""))
            .replace("\"x:0\"", &format!("\"{taken}\""))
            .replace("key: \"y\"", &format!("key: \"{given}\""));
        files.push((format!("m{level}/config.pbtxt"), text));
    }
    let error = import_owned(&files).unwrap_err();
    assert_eq!(error.refusals().next().unwrap().kind.code, "IM-LIMIT");
}

proptest! {
    /// Whatever bytes change, there is a graph that reads without an error, or a refusal.
    #[test]
    fn a_mutated_repository_is_read_or_refused(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, "[ -~\n]{0,6}"), 1..6)
    ) {
        let mut text = format!("{TWICE}\u{0}{DOUBLE}");
        for (at, length, with) in edits {
            let start = text.floor_char_boundary(at.index(text.len()));
            let end = text.ceil_char_boundary((start + length).min(text.len()));
            text.replace_range(start..end, &with);
        }
        let (twice, double) = text.split_once('\u{0}').unwrap_or((&text, DOUBLE));
        match import(&[("twice/config.pbtxt", twice), ("double/config.pbtxt", double)]) {
            Ok(imported) => prop_assert!(Analysis::new(imported.text).reading.is_well_formed()),
            Err(error) => prop_assert!(error.notes.iter().any(|note| note.kind.class == Class::Refused)),
        }
    }
}

/// The messages of a `.proto` file: `(message, field)` to label and type.
fn proto(text: &str) -> BTreeMap<(String, String), (String, String)> {
    let mut fields = BTreeMap::new();
    let mut path: Vec<(&str, String)> = Vec::new();
    let mut pending = None;
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or("").trim();
        let words: Vec<&str> = line.split_whitespace().collect();
        if let [what @ ("message" | "enum" | "oneof"), name, ..] = words.as_slice() {
            pending = Some((*what, name.trim_end_matches('{').to_owned()));
        }
        if line.contains('{')
            && let Some(open) = pending.take()
        {
            path.push(open);
        }
        if let Some((declared, number)) = line.split_once('=')
            && number.trim_end().ends_with(';')
        {
            let message = path.iter().rfind(|(what, _)| *what == "message");
            let declared = declared.trim();
            match (path.last(), message) {
                (Some(("enum", name)), _) => {
                    let number = number.trim().trim_end_matches(';').to_owned();
                    fields.insert(
                        (name.clone(), declared.to_owned()),
                        ("enum".to_owned(), number),
                    );
                }
                (Some((inside, choice)), Some((_, message))) => {
                    let (ty, name) = declared.rsplit_once(' ').unwrap();
                    let (label, ty) = match ty.strip_prefix("repeated ") {
                        Some(ty) => ("many".to_owned(), ty),
                        None if *inside == "oneof" => (format!("choice {choice}"), ty),
                        None => ("one".to_owned(), ty),
                    };
                    fields.insert(
                        (message.clone(), name.to_owned()),
                        (label, ty.replace(' ', "")),
                    );
                }
                _ => {}
            }
        }
        if line.contains('}') {
            path.pop();
        }
    }
    fields
}

fn ours(form: &'static Form, fields: &mut BTreeMap<(String, String), (String, String)>) {
    for field in form.fields {
        let mut inner = None;
        let ty = match field.kind {
            FieldKind::Bool => "bool".to_owned(),
            FieldKind::Whole(least, most) => match (least < 0, most > i128::from(u32::MAX)) {
                (true, false) => "int32".to_owned(),
                (true, true) => "int64".to_owned(),
                (false, false) => "uint32".to_owned(),
                (false, true) => "uint64".to_owned(),
            },
            FieldKind::Float => "float".to_owned(),
            FieldKind::Text => "string".to_owned(),
            FieldKind::Word(name, words) => {
                for (number, word) in words.iter().enumerate() {
                    let key = (name.to_owned(), (*word).to_owned());
                    fields.insert(key, ("enum".to_owned(), number.to_string()));
                }
                name.to_owned()
            }
            FieldKind::Message(form) => {
                inner = Some(form);
                form.name.to_owned()
            }
        };
        let (label, ty) = match field.label {
            Label::One => ("one".to_owned(), ty),
            Label::Many => ("many".to_owned(), ty),
            Label::Choice(choice) => (format!("choice {choice}"), ty),
            Label::Map(KeyKind::Text) => ("one".to_owned(), format!("map<string,{ty}>")),
            Label::Map(KeyKind::Unsigned) => ("one".to_owned(), format!("map<uint64,{ty}>")),
        };
        let new = fields.insert((form.name.to_owned(), field.name.to_owned()), (label, ty));
        if let (Some(inner), None) = (inner, new) {
            ours(inner, fields);
        }
    }
}

#[test]
fn the_schema_is_triton_s() {
    let Some(path) = shared("schemas/triton/model_config.proto") else {
        return;
    };
    let mut theirs = proto(&std::fs::read_to_string(path).unwrap());
    for (_, ty) in theirs.values_mut() {
        if ty == "double" {
            "float".clone_into(ty);
        }
    }
    let mut mine = BTreeMap::new();
    ours(&CONFIG, &mut mine);
    assert_eq!(mine, theirs);
}
