use serde_json::{Value, json};

use super::{Written, word};
use crate::hardware::Catalogue;
use crate::spec::Kind;
use crate::spec::form::TextUse;

/// A node's name; see [`crate::spec::is_node_name`].
pub(super) const NODE_NAME: &str = "[a-z]([-a-z0-9]{0,61}[a-z0-9])?";
/// A port's name; see [`crate::spec::is_port_name`].
pub(super) const PORT_NAME: &str = "[A-Za-z_][A-Za-z0-9_-]*";
/// A number without sign or exponent.
pub(super) const NUMBER: &str = r"([0-9]+\.?[0-9]*|\.[0-9]+)";

/// A text of a certain use.
pub(super) fn text(text: TextUse) -> Written {
    match text {
        TextUse::Free
        | TextUse::Node
        | TextUse::Port
        | TextUse::Model
        | TextUse::Pool
        | TextUse::Image
        | TextUse::Engine
        | TextUse::Condition
        | TextUse::Version => any(),
        TextUse::Gpu => {
            let catalogue = Catalogue::builtin();
            let names: Vec<&str> = catalogue.gpus().iter().map(|gpu| &*gpu.name).collect();
            let mut written = any();
            if let Value::Object(schema) = &mut written.schema {
                schema.insert("examples".to_owned(), json!(names));
            }
            written
        }
        TextUse::Type => {
            let mut ways: Vec<Value> = Kind::CHOICE.variants.iter().map(word).collect();
            ways.push(json!({
                "description": "The name of one of `spec.types`.",
                "type": "string",
                "pattern": format!("^{PORT_NAME}$"),
            }));
            Written::strict(json!({"anyOf": ways}))
        }
        TextUse::Dimension => Written::strict(json!({"anyOf": [
            {"type": "integer", "minimum": 1},
            {"const": -1, "description": "Any."},
            {
                "description": "An unknown with a name.",
                "type": "string",
                "pattern": format!(r"^\${PORT_NAME}$"),
            },
        ]})),
        TextUse::Ratio => Written::strict(json!({
            "type": "string",
            "pattern": "^ *[1-9][0-9]* */ *[1-9][0-9]* *$",
            "examples": ["3/7"],
        })),
        TextUse::Cores => Written::strict(json!({
            "type": ["string", "number"],
            "pattern": format!("^{NUMBER} *m?$"),
            "minimum": 0,
            "examples": [8, "500m"],
        })),
        TextUse::Label => Written::strict(json!({
            "type": "string",
            "pattern": format!("^{NODE_NAME}$"),
        })),
    }
}

/// Any scalar: what looks like a number is a text too where a text is wanted.
fn any() -> Written {
    Written {
        schema: json!({"type": ["string", "number", "boolean", "null"]}),
        takes_null: true,
    }
}
