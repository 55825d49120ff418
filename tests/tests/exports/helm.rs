//! A chart gives, for its default values, what the Kubernetes export writes. The templates are
//! rendered here by a small engine of Go's template language, and by Helm itself where it is there.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::LazyLock;

use jsonschema::Validator;
use modelspec_core::export::Artifacts;
use modelspec_tests::{graphs, shared};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{check_notes, documents, export};

/// The text of a template for values: lookups, `quote`, `int`, `printf`, `range` over a map, and
/// dashes that trim. All else is refused, so that templates stay that plain.
fn render(template: &str, values: &Value) -> String {
    let scope = json!({"Values": values, "Release": {"Namespace": "default"}});
    let mut out = String::new();
    let pieces = pieces(template);
    let rest = block(&pieces, &scope, &BTreeMap::new(), &mut out);
    assert!(rest.is_empty(), "`end` without a beginning");
    out
}

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Action(String),
}

fn pieces(template: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut rest = template;
    while let Some((text, behind)) = rest.split_once("{{") {
        let (action, behind) = behind.split_once("}}").expect("an action ends");
        let (action, trims) = match action.strip_prefix("- ") {
            Some(action) => (action, true),
            None => (action, false),
        };
        assert!(!action.ends_with('-'), "nothing trims what follows it");
        let text = if trims { text.trim_end() } else { text };
        // A brace in a text of the action would end it here.
        let action = action.trim().to_owned();
        found.push(Piece::Text(text.to_owned()));
        found.push(Piece::Action(action));
        rest = behind;
    }
    found.push(Piece::Text(rest.to_owned()));
    found
}

/// Renders up to the `end` of the block; gives what follows it.
fn block<'p>(
    mut pieces: &'p [Piece],
    scope: &Value,
    locals: &BTreeMap<&str, String>,
    out: &mut String,
) -> &'p [Piece] {
    while let [first, rest @ ..] = pieces {
        pieces = rest;
        match first {
            Piece::Text(text) => out.push_str(text),
            Piece::Action(action) if action == "end" => return pieces,
            Piece::Action(action) => {
                if let Some(path) = action.strip_prefix("range $key, $value := ") {
                    let mut behind = skip(pieces);
                    // Go goes through a map in the order of its keys.
                    let map: BTreeMap<_, _> = at(scope, path).as_object().unwrap().iter().collect();
                    for (key, value) in map {
                        let value = value.as_str().unwrap().to_owned();
                        let locals = BTreeMap::from([("$key", key.clone()), ("$value", value)]);
                        behind = block(pieces, scope, &locals, out);
                    }
                    pieces = behind;
                } else {
                    out.push_str(&evaluate(action, scope, locals));
                }
            }
        }
    }
    pieces
}

/// What follows the `end` of a block.
fn skip(pieces: &[Piece]) -> &[Piece] {
    let end = |piece: &Piece| matches!(piece, Piece::Action(action) if action == "end");
    let at = pieces.iter().position(end).expect("a block ends");
    &pieces[at + 1..]
}

fn at<'v>(scope: &'v Value, path: &str) -> &'v Value {
    let mut found = scope;
    for key in path.strip_prefix('.').unwrap().split('.') {
        let is_name = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !key.starts_with(|c: char| c.is_ascii_digit());
        assert!(is_name, "{path} is no path of Go's templates");
        found = found.get(key).unwrap_or_else(|| panic!("no {path}"));
    }
    found
}

fn evaluate(action: &str, scope: &Value, locals: &BTreeMap<&str, String>) -> String {
    let (expression, function) = match action.split_once(" | ") {
        Some((expression, function)) => (expression, Some(function)),
        None => (action, None),
    };
    let value = if let Some(text) = expression.strip_prefix('"') {
        json!(text.strip_suffix('"').unwrap())
    } else if let Some(rest) = expression.strip_prefix("printf \"") {
        let (form, argument) = rest.split_once("\" ").unwrap();
        json!(form.replace("%s", &locals[argument]))
    } else if expression.starts_with('$') {
        json!(locals[expression])
    } else {
        at(scope, expression).clone()
    };
    match function {
        Some("quote") => json!(value.as_str().expect("a text")).to_string(),
        Some("int") => value.as_u64().expect("a whole number").to_string(),
        None => value.as_str().expect("a text").to_owned(),
        Some(other) => panic!("no function {other}"),
    }
}

fn by_name(artifacts: &Artifacts, of: impl Fn(&str) -> Vec<Value>) -> BTreeMap<String, Vec<Value>> {
    let files = artifacts
        .files
        .iter()
        .filter(|file| !file.path.contains('/') || file.path.contains("/templates/"));
    let yaml = |path: &&str| {
        std::path::Path::new(path)
            .extension()
            .is_some_and(|end| end == "yaml")
    };
    files
        .filter(|file| yaml(&&*file.path))
        .map(|file| {
            let name = file.path.rsplit('/').next().unwrap();
            (name.to_owned(), of(&file.text))
        })
        .collect()
}

fn file<'a>(artifacts: &'a Artifacts, end: &str) -> &'a str {
    let mut files = artifacts.files.iter();
    let file = files.find(|file| file.path.ends_with(end));
    &file.unwrap_or_else(|| panic!("no {end}")).text
}

fn values(chart: &Artifacts) -> Value {
    documents(file(chart, "/values.yaml")).remove(0)
}

fn chart_schema() -> Option<&'static Validator> {
    static SCHEMA: LazyLock<Option<Validator>> = LazyLock::new(|| {
        let folder = shared::folder("schemas/schemastore")?;
        let text = std::fs::read(folder.join("chart.json")).unwrap();
        let schema: Value = serde_json::from_slice(&text).unwrap();
        Some(jsonschema::validator_for(&schema).unwrap())
    });
    SCHEMA.as_ref()
}

fn schema_of_values(chart: &Artifacts) -> Validator {
    let schema: Value = serde_json::from_str(file(chart, "/values.schema.json")).unwrap();
    jsonschema::draft7::meta::validate(&schema).unwrap();
    jsonschema::draft7::new(&schema).unwrap()
}

/// Checks a chart; gives it.
fn check(text: &str) -> Option<Artifacts> {
    let chart = export("helm", text)?;
    check_notes(&chart, text);
    assert_eq!(export("helm", text).as_ref(), Some(&chart));
    let values = values(&chart);
    let rendered = by_name(&chart, |text| documents(&render(text, &values)));
    let plain = by_name(&export("kubernetes", text).unwrap(), documents);
    assert_eq!(rendered, plain, "{text}");
    let about = documents(file(&chart, "/Chart.yaml")).remove(0);
    if let Some(schema) = chart_schema() {
        let errors: Vec<_> = schema.iter_errors(&about).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}\n{about:#}");
    }
    let schema = schema_of_values(&chart);
    let errors: Vec<_> = schema.iter_errors(&values).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}\n{values:#}");
    let notes = render(file(&chart, "/NOTES.txt"), &values);
    let digest = &about["annotations"]["modelgraph/spec-digest"];
    assert!(notes.contains(digest.as_str().unwrap()));
    Some(chart)
}

#[test]
fn shipped_examples_are_charts_of_the_manifests() {
    for (name, text) in graphs::examples() {
        assert!(check(&text).is_some(), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn random_graphs_are_charts_of_the_manifests(text in graphs::random()) {
        check(&text);
    }
}

fn guarded() -> String {
    let examples = graphs::examples();
    let found = examples
        .into_iter()
        .find(|(name, _)| name.contains("rag-guarded"));
    found.unwrap().1
}

/// What would be an action of the template stays a text.
#[test]
fn braces_of_the_graph_are_no_actions() {
    let text = guarded().replace(
        "engine: qdrant,",
        "engine: qdrant, env: {LOOK: '{{ .Values.x }} {{- end }}'},",
    );
    assert!(text.contains("LOOK"));
    let chart = check(&text).unwrap();
    let template = file(&chart, "support-rag-store.yaml");
    assert!(template.contains("{{ \"{{\" }} .Values.x }}"), "{template}");
}

/// Each value moves what it names, and new variables start new pods.
#[test]
fn values_reach_the_objects() {
    let chart = check(&guarded()).unwrap();
    let mut values = values(&chart);
    let node = &mut values["nodes"]["store"];
    node["image"] = json!("mirror.example/qdrant:1");
    node["replicas"] = json!(5);
    node["resources"]["memory"] = json!("64Gi");
    node["storage"] = json!("99Gi");
    node["extraVariables"] = json!({"QDRANT__LOG_LEVEL": "DEBUG \"all\""});
    assert!(schema_of_values(&chart).is_valid(&values));
    let objects = documents(&render(file(&chart, "support-rag-store.yaml"), &values));
    let of = |kind: &str| {
        objects
            .iter()
            .find(|object| object["kind"] == kind)
            .unwrap()
    };
    let set = &of("StatefulSet")["spec"];
    assert_eq!(set["replicas"], 5);
    let container = &set["template"]["spec"]["containers"][0];
    assert_eq!(container["image"], "mirror.example/qdrant:1");
    assert_eq!(container["resources"]["limits"]["memory"], "64Gi");
    assert_eq!(container["resources"]["requests"]["memory"], "64Gi");
    let claim = &set["volumeClaimTemplates"][0]["spec"];
    assert_eq!(claim["resources"]["requests"]["storage"], "99Gi");
    let variable = "DEBUG \"all\"";
    assert_eq!(of("ConfigMap")["data"]["QDRANT__LOG_LEVEL"], variable);
    let annotations = &set["template"]["metadata"]["annotations"];
    assert_eq!(
        annotations["modelgraph/variable.QDRANT__LOG_LEVEL"],
        variable
    );
}

#[test]
fn the_schema_refuses_what_a_chart_does_not_take() {
    let chart = check(&guarded()).unwrap();
    let schema = schema_of_values(&chart);
    for (place, wrong) in [
        ("/nodes/store/replicas", json!("two")),
        ("/nodes/store/image", json!("")),
        ("/nodes/store/resources/memory", json!("lots")),
        (
            "/nodes/store/extraVariables",
            json!({"MODELGRAPH_NODE": "other"}),
        ),
        ("/nodes/store/extraVariables", json!({"no variable": "x"})),
        ("/nodes/guard/resources/gpus", json!("0")),
        ("/nodes", json!({})),
    ] {
        let mut values = values(&chart);
        *values.pointer_mut(place).unwrap() = wrong.clone();
        assert!(!schema.is_valid(&values), "{place}: {wrong}");
    }
    let mut values = values(&chart);
    values["nodes"]["store"]["extra"] = json!("x");
    assert!(!schema.is_valid(&values));
}

/// Helm's own engine gives the same.
#[test]
fn helm_renders_the_manifests() {
    let helm = std::env::var_os("HELM").unwrap_or_else(|| "helm".into());
    if Command::new(&helm).arg("version").output().is_err() {
        eprintln!("skipped: helm is not there; install it, or name it with HELM");
        return;
    }
    for (name, text) in graphs::examples() {
        let chart = export("helm", &text).unwrap();
        let own = std::path::Path::new(&name).file_name().unwrap();
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("helm")
            .join(own);
        for file in &chart.files {
            let path = folder.join(&file.path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, &file.text).unwrap();
        }
        let root = chart.files[0].path.split('/').next().unwrap();
        let output = Command::new(&helm)
            .args(["template", "release"])
            .arg(folder.join(root))
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {told}");
        let sorted = |mut objects: Vec<Value>| {
            objects.sort_by_key(|object| {
                object["kind"].to_string() + &object["metadata"]["name"].to_string()
            });
            objects
        };
        let rendered = documents(&String::from_utf8(output.stdout).unwrap());
        let plain = export("kubernetes", &text).unwrap();
        let plain = plain.files.iter().flat_map(|file| documents(&file.text));
        assert_eq!(sorted(rendered), sorted(plain.collect()), "{name}");
    }
}
