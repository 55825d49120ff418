use pretty_assertions::assert_eq;
use proptest::prelude::*;

use super::*;

const EXAMPLE: &str = include_str!("../../../public/examples/rag-guarded.modelspec.yaml");

const SMALL: &str = "\
# a graph
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
spec:
  inputs:
    question: {type: text} # asked
  outputs:
    answer: {type: text}
  nodes:
    # the first
    guard:
      role: guardrail
      onFailure: {fallback: writer} # or so
    writer: {role: generator}
  edges:
    - {from: inputs.question, to: guard.text}
    - from: \"guard.text\" # quoted
      to: writer.prompt
    - {from: writer.text, to: outputs.answer}
  policies:
    - order: [guard, writer]
layout:
  nodes: {guard: {x: 10, y: 20}}
";

fn run(text: &str, command: &Command) -> String {
    let change = plan(&Analysis::new(text), command).unwrap_or_else(|error| panic!("{error}"));
    let after = apply(text, &change.edits).unwrap().text;
    let reading = crate::spec::read(&after);
    assert!(
        reading.is_well_formed(),
        "{after}\n{:?}",
        reading.diagnostics
    );
    after
}

fn refused(text: &str, command: &Command) -> String {
    plan(&Analysis::new(text), command).unwrap_err().to_string()
}

/// The lines that went and those that came.
fn changed(before: &str, after: &str) -> Vec<String> {
    let (old, new): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let back = old[same..]
        .iter()
        .rev()
        .zip(new[same..].iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let gone = old[same..old.len() - back]
        .iter()
        .map(|line| format!("-{line}"));
    let come = new[same..new.len() - back]
        .iter()
        .map(|line| format!("+{line}"));
    gone.chain(come).collect()
}

fn node(name: &str) -> Item {
    Item::Node(name.to_owned())
}

fn add(role: Role) -> Command {
    Command::AddNode {
        role,
        name: None,
        at: None,
    }
}

fn connect(from: &str, to: &str) -> Command {
    Command::Connect {
        from: from.to_owned(),
        to: to.to_owned(),
    }
}

fn rename(item: Item, to: &str) -> Command {
    Command::Rename {
        item,
        to: to.to_owned(),
    }
}

fn remove(items: &[Item], bridge: bool) -> Command {
    Command::Remove {
        items: items.to_vec(),
        bridge,
    }
}

#[test]
fn an_empty_text_becomes_a_graph() {
    let text = run("", &add(Role::Embedder));
    assert_eq!(
        text,
        "apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\nmetadata:\n  name: untitled\nspec:\n  \
         nodes:\n    embedder:\n      role: embedder\n"
    );
    let text = run(&text, &add(Role::Embedder));
    assert!(
        text.ends_with("    embedder-2:\n      role: embedder\n"),
        "{text}"
    );
    let text = run(&text, &connect("inputs.question", "embedder.text"));
    assert!(
        text.contains("  inputs:\n    question: {type: text}\n  nodes:"),
        "{text}"
    );
    assert!(
        text.ends_with("  edges:\n    - {from: inputs.question, to: embedder.text}\n"),
        "{text}"
    );
    assert!(Analysis::new(text).reading.diagnostics.is_empty());
}

#[test]
fn a_new_node_is_two_lines_and_its_place() {
    let command = Command::AddNode {
        role: Role::Cache,
        name: None,
        at: Some(Point2::new(-0.4, 99.6)),
    };
    let after = run(SMALL, &command);
    let lines = changed(SMALL, &after);
    assert!(
        lines.contains(&"+    cache:".to_owned())
            && lines.contains(&"+      role: cache".to_owned())
    );
    assert!(
        after.contains("{guard: {x: 10, y: 20}, cache: {x: 0, y: 100}}"),
        "{after}"
    );
}

#[test]
fn json_and_other_line_ends_stay_what_they_are() {
    let json = r#"{"apiVersion": "modelgraph/v1alpha1", "kind": "ModelGraph", "spec": {"nodes": {"a": {"role": "tool"}}}}"#;
    let after = run(
        &run(json, &add(Role::Tool)),
        &connect("a.result", "tool.call"),
    );
    let value: serde_json::Value = serde_json::from_str(&after).unwrap();
    assert_eq!(value["spec"]["edges"][0]["to"], "tool.call");
    let windows = SMALL.replace('\n', "\r\n");
    let after = run(&windows, &add(Role::Tool));
    assert_eq!(after.replace("\r\n", "\n"), run(SMALL, &add(Role::Tool)));
    assert_eq!(after.matches('\n').count(), after.matches("\r\n").count());
}

#[test]
fn renaming_changes_only_the_bytes_of_the_name() {
    let after = run(SMALL, &rename(node("guard"), "gate"));
    let wanted = SMALL
        .replace("    guard:\n", "    gate:\n")
        .replace("guard.text", "gate.text")
        .replace("[guard,", "[gate,")
        .replace("{guard: {x", "{gate: {x");
    assert_eq!(after, wanted);
    let after = run(SMALL, &rename(node("writer"), "w"));
    assert_eq!(after, SMALL.replace("writer", "w"));
    let after = run(SMALL, &rename(Item::Input("question".to_owned()), "q"));
    assert_eq!(after, SMALL.replace("question", "q"));
    let example = run(EXAMPLE, &rename(Item::Input("question".to_owned()), "q"));
    assert_eq!(example, EXAMPLE.replace("question", "q"));
}

#[test]
fn names_are_refused_with_the_reason() {
    assert_eq!(
        refused(SMALL, &rename(node("guard"), "writer")),
        "there is a node `writer` already: choose another name"
    );
    assert!(refused(SMALL, &rename(node("guard"), "Guard")).contains("small letters"));
    assert!(refused(SMALL, &rename(node("guard"), "inputs")).contains("the graph's own"));
    assert_eq!(
        refused(SMALL, &rename(node("x"), "y")),
        "there is no node `x`"
    );
    assert_eq!(
        refused("kind: [\nspec: {", &add(Role::Tool)),
        "the text cannot be read at line 1: mend it there first"
    );
}

#[test]
fn edges_are_added_at_the_end_and_refused_with_the_reason() {
    let after = run(SMALL, &connect("guard.verdict", "outputs.verdict"));
    assert!(
        changed(SMALL, &after).contains(&"+    verdict: {type: label}".to_owned()),
        "{after}"
    );
    let after = run(SMALL, &connect("guard", "writer"));
    assert!(
        after.contains("    - {from: guard, to: writer, role: control}\n  policies"),
        "{after}"
    );
    assert!(refused(SMALL, &connect("guard.text", "writer.prompt")).contains("joined"));
    assert!(refused(SMALL, &connect("guard.none", "writer.prompt")).contains("no such output"));
    assert!(
        refused(SMALL, &connect("outputs.answer", "writer.prompt")).contains("an edge ends there")
    );
    assert!(refused(SMALL, &connect("guard", "writer.prompt")).contains("name the ports"));
}

#[test]
fn an_adapter_states_the_types_of_both_ends() {
    let command = Command::ConnectThroughAdapter {
        from: "guard.verdict".to_owned(),
        to: "writer.context".to_owned(),
    };
    let after = run(SMALL, &command);
    for line in [
        "role: adapter",
        "{from: guard.verdict, to: adapter.in}",
        "{from: adapter.out, to: writer.context}",
    ] {
        assert!(after.contains(line), "{after}");
    }
    let command = Command::InsertAdapter {
        edge: "guard.text→writer.prompt".to_owned(),
    };
    let after = run(SMALL, &command);
    assert!(
        after.contains("      to: adapter.in\n    - {from: adapter.out, to: writer.prompt}\n"),
        "{after}"
    );
}

#[test]
fn edges_that_meet_are_led_into_a_join() {
    let to = || "writer.prompt".to_owned();
    let twice = Command::Connect {
        from: "inputs.question".to_owned(),
        to: to(),
    };
    let before = run(SMALL, &twice);
    let after = run(&before, &Command::InsertJoin { to: to() });
    for line in [
        "join: any",
        "to: join.in",
        "{from: inputs.question, to: join.in}",
        "{from: join.out, to: writer.prompt}",
    ] {
        assert!(after.contains(line), "{after}");
    }
    let alone = plan(&Analysis::new(SMALL), &Command::InsertJoin { to: to() });
    assert!(matches!(alone, Err(EditError::BadEnd { .. })));
}

#[test]
fn removing_a_node_removes_all_that_names_it() {
    let after = run(SMALL, &remove(&[node("writer")], false));
    assert!(
        !after.contains("writer") && !after.contains("policies"),
        "{after}"
    );
    assert!(
        after.contains("# the first") && after.contains("# asked"),
        "{after}"
    );
    let all = [
        node("guard"),
        node("writer"),
        Item::Input("question".to_owned()),
    ];
    let after = run(SMALL, &remove(&all, true));
    assert!(
        !after.contains("layout") && after.contains("edges: []"),
        "{after}"
    );
}

#[test]
fn bridging_joins_what_fits() {
    let after = run(SMALL, &remove(&[node("guard")], true));
    assert!(
        after.contains("    - from: \"inputs.question\" # quoted\n      to: writer.prompt\n"),
        "{after}"
    );
    let after = run(EXAMPLE, &remove(&[node("reranker")], true));
    assert!(
        after.contains("{from: store.hits, to: generator.context}"),
        "{after}"
    );
    assert!(
        !after.contains("reranker:") && !after.contains("reranker."),
        "{after}"
    );
}

#[test]
fn moving_changes_one_number() {
    let to = vec![(node("guard"), Point2::new(10.0, 31.0))];
    let after = run(SMALL, &Command::Move { to });
    assert_eq!(after, SMALL.replace("y: 20", "y: 31"));
    let to = vec![
        (node("guard"), Point2::new(1.0, 2.0)),
        (node("writer"), Point2::new(3.0, 4.0)),
    ];
    let bare = "kind: ModelGraph\nspec:\n  nodes: {guard: {}, writer: {}}\n";
    let after = run(bare, &Command::Move { to });
    assert_eq!(
        after,
        format!("{bare}layout:\n  nodes:\n    guard: {{x: 1, y: 2}}\n    writer: {{x: 3, y: 4}}\n")
    );
}

#[test]
fn values_are_set_in_their_canonical_place_and_cleared_with_what_they_leave_empty() {
    let path = |words: &str| words.split('.').map(str::to_owned).collect::<Vec<_>>();
    let at = path("spec.nodes.guard.model.id");
    let set = Command::Set {
        path: at.clone(),
        value: Fragment::text("a/b"),
    };
    let after = run(SMALL, &set);
    assert_eq!(changed(SMALL, &after), ["+      model: {id: a/b}"]);
    assert_eq!(run(&after, &Command::Unset { path: at }), SMALL);
    let role = Command::Unset {
        path: path("spec.nodes.writer.role"),
    };
    assert!(run(SMALL, &role).contains("writer: {}"));
}

fn any_command() -> impl Strategy<Value = Command> {
    let name = prop::sample::select(vec![
        "guard",
        "embedder",
        "store",
        "reranker",
        "generator",
        "tool",
        "adapter",
        "gate",
    ]);
    let end = prop::sample::select(vec![
        "guard.text",
        "guard.verdict",
        "embedder.vector",
        "store.hits",
        "generator.text",
        "inputs.more",
        "tool.result",
        "gate.text",
    ]);
    let target = prop::sample::select(vec![
        "tool.call",
        "generator.context",
        "store.query",
        "outputs.more",
        "adapter.in",
        "gate.text",
    ]);
    prop_oneof![
        prop::sample::select(Role::ALL).prop_map(add),
        (end.clone(), target.clone()).prop_map(|(from, to)| connect(from, to)),
        (end, target).prop_map(|(from, to)| Command::ConnectThroughAdapter {
            from: from.to_owned(),
            to: to.to_owned(),
        }),
        (name.clone(), name.clone()).prop_map(|(from, to)| rename(node(from), to)),
        (name.clone(), -99.0..99.0, -9.0..9.0).prop_map(|(name, x, y)| Command::Move {
            to: vec![(node(name), Point2::new(x, y))]
        }),
        (name, any::<bool>()).prop_map(|(name, bridge)| remove(&[node(name)], bridge)),
    ]
}

proptest! {
    #[test]
    fn any_commands_leave_a_readable_text_and_undo_restores_it(
        commands in prop::collection::vec(any_command(), 1..8),
        flow in any::<bool>(),
    ) {
        let first = if flow { SMALL } else { EXAMPLE };
        let mut history = History::default();
        let mut texts = vec![first.to_owned()];
        for command in &commands {
            let text = texts.last().unwrap().clone();
            let analysis = Analysis::new(text.clone());
            let Ok(change) = plan(&analysis, command) else { continue };
            let next = history.apply(&text, change, None).unwrap();
            let after = Analysis::new(next.clone());
            prop_assert!(after.reading.diagnostics.is_empty(), "{:?}\n{next}\n{:?}", command, after.reading.diagnostics);
            if !matches!(command, Command::Remove { .. }) {
                prop_assert_eq!(next.matches('#').count(), text.matches('#').count());
            }
            if next != text {
                texts.push(next);
            }
        }
        let last = texts.last().unwrap().clone();
        let mut text = last.clone();
        for wanted in texts.iter().rev().skip(1) {
            text = history.undo(&text).unwrap().text;
            prop_assert_eq!(&text, wanted);
        }
        for _ in 1..texts.len() {
            text = history.redo(&text).unwrap().text;
        }
        prop_assert_eq!(text, last);
    }
}
