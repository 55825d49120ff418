use super::*;

const OUTER: &str = "apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: outer}
spec:
  nodes:
    a: {role: custom, specRef: {path: parts/inner.yaml}}
    b: {role: custom, specRef: {name: beside}}
---
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: beside}
spec: {nodes: {}}
";

const INNER: &str = "apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: inner}
spec:
  nodes:
    c: {role: custom, specRef: {path: ../deep.yaml, name: second}}
";

const DEEP: &str = "apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: first}
spec: {nodes: {}}
---
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: second}
spec: {nodes: {}}
";

#[test]
fn paths_are_relative_to_the_file_that_states_them() {
    for (folder, path, wanted) in [
        ("", "a.yaml", Some("a.yaml")),
        ("x/y", "./../a.yaml", Some("x/a.yaml")),
        ("x", "../../a.yaml", Some("../a.yaml")),
        ("x", "..", None),
        ("", "/etc/passwd", None),
        ("", "https://host/a.yaml", None),
        ("", "a\\b.yaml", None),
        ("", "", None),
    ] {
        assert_eq!(normal(folder, path).as_deref(), wanted, "{folder} {path}");
    }
}

#[test]
fn a_bundle_is_complete_when_nothing_is_wanted() {
    let outer = Analysis::new(OUTER);
    let mut bundle = Bundle::new();
    assert_eq!(bundle.wanted(&outer.reading), ["parts/inner.yaml"]);
    bundle.add("parts/inner.yaml", INNER);
    assert_eq!(bundle.wanted(&outer.reading), ["deep.yaml"]);
    bundle.add("deep.yaml", DEEP);
    assert_eq!(bundle.wanted(&outer.reading), [""; 0]);
    let specs = specs(&outer, &bundle);
    let keys: Vec<&str> = specs.keys().map(String::as_str).collect();
    assert_eq!(keys, ["beside", "deep.yaml#second", "parts/inner.yaml"]);
}

#[test]
fn a_reference_that_leads_nowhere_says_why() {
    let outer = Analysis::new(OUTER);
    let mut bundle = Bundle::new();
    let refer = |text: &str| {
        let text = OUTER.replace("{path: parts/inner.yaml}", text);
        let analysis = Analysis::new(text);
        bundle::references(&analysis.reading)
            .next()
            .unwrap()
            .clone()
    };
    bundle.refuse("gone.yaml", "no such file");
    bundle.add("words.yaml", "a: b");
    bundle.add("deep.yaml", DEEP);
    for (reference, why) in [
        ("{}", "neither `path` nor `name` is stated"),
        (
            "{name: nobody}",
            "no document of its stream is named `nobody`",
        ),
        (
            "{path: /a.yaml}",
            "`/a.yaml` is not a path relative to the document, with `/` between",
        ),
        ("{path: other.yaml}", "the bundle has no file `other.yaml`"),
        (
            "{path: gone.yaml}",
            "`gone.yaml` cannot be read: no such file",
        ),
        (
            "{path: deep.yaml, name: third}",
            "`deep.yaml` holds no document named `third`",
        ),
    ] {
        let found = bundle.find(&outer.reading, "", &refer(reference));
        assert_eq!(found.err().as_deref(), Some(why), "{reference}");
    }
    let named = refer("{path: ./deep.yaml, name: second}");
    let found = bundle.find(&outer.reading, "", &named).unwrap();
    assert_eq!(found.key, "deep.yaml#second");
}
