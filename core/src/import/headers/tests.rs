use pretty_assertions::assert_eq;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::Analysis;
use crate::check::Severity;
use crate::import::{self, Content, File, ImportError, Imported};
use crate::spec::{self, to_json};

fn import(files: &[(&str, Vec<u8>)]) -> Result<Imported, ImportError> {
    let files: Vec<File<'_>> = files
        .iter()
        .map(|(path, bytes)| File::new(*path, bytes))
        .collect();
    import::run(&files)
}

fn nodes(files: &[(&str, Vec<u8>)]) -> Value {
    let imported = import(files).unwrap_or_else(|error| panic!("{error}"));
    let analysis = Analysis::new(&*imported.text);
    assert_eq!(analysis.count(Severity::Error), 0, "{}", imported.text);
    let reading = spec::read(&imported.text);
    to_json(reading.trees[0].at(["spec", "nodes"]).unwrap())
}

fn refusal(path: &str, bytes: Vec<u8>) -> String {
    let error = import(&[(path, bytes)]).unwrap_err();
    error.refusals().next().unwrap().message.clone()
}

fn safetensors(header: &Value, data: usize) -> Vec<u8> {
    let header = header.to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

fn sound() -> Vec<u8> {
    let header = json!({
        "__metadata__": {"format": "pt"},
        "w": {"dtype": "BF16", "shape": [3, 4], "data_offsets": [0, 24]},
        "position_ids": {"dtype": "I64", "shape": [2], "data_offsets": [24, 40]},
        "empty": {"dtype": "F32", "shape": [0, 7], "data_offsets": [24, 24]},
    });
    safetensors(&header, 40)
}

#[test]
fn safetensors_say_how_many_parameters_and_how_they_are_stored() {
    let nodes = nodes(&[("tiny/model.safetensors", sound())]);
    assert_eq!(
        nodes["tiny"]["model"],
        json!({"precision": "bf16", "parameters": 12})
    );
}

#[test]
fn weights_join_the_configuration_of_their_folder() {
    let config = json!({"architectures": ["LlamaForCausalLM"], "model_type": "llama"});
    let nodes = nodes(&[
        ("a/b/config.json", config.to_string().into_bytes()),
        ("a/b/model-00001-of-00002.safetensors", sound()),
        ("a/b/model-00002-of-00002.safetensors", sound()),
    ]);
    assert_eq!(nodes["b"]["role"], "generator");
    assert_eq!(nodes["b"]["model"]["parameters"], 24);
}

#[test]
fn parts_that_are_missing_leave_the_size_open() {
    let imported = import(&[("m/model-00001-of-00002.safetensors", sound())]).unwrap();
    assert!(!imported.text.contains("parameters"), "{}", imported.text);
    let codes: Vec<&str> = imported.notes.iter().map(|note| note.kind.code).collect();
    assert!(codes.contains(&"IM-HEADER-PARTS"), "{codes:?}");
}

#[test]
fn hostile_safetensors_are_refused() {
    let tensor = |dtype: &str, shape: Value, offsets: Value| json!({"w": {"dtype": dtype, "shape": shape, "data_offsets": offsets}});
    let cases = [
        (
            u64::MAX.to_le_bytes().to_vec(),
            "claims 18446744073709551615 bytes",
        ),
        (vec![1, 0], "ends too early"),
        (
            safetensors(&tensor("F32", json!([2]), json!([0, 8])), 4),
            "describes 8 bytes of data; the file has 4",
        ),
        (
            safetensors(&tensor("F32", json!([2]), json!([0, 4])), 4),
            "take 64 bits",
        ),
        (
            safetensors(&tensor("F32", json!([2]), json!([8, 0])), 8),
            "take 64 bits",
        ),
        (
            safetensors(&tensor("F31", json!([2]), json!([0, 8])), 8),
            "`F31`, which is none",
        ),
        (
            safetensors(&tensor("F32", json!([-1]), json!([0, 8])), 8),
            "no shape",
        ),
        (
            safetensors(
                &tensor("F32", json!([u32::MAX, u32::MAX, 9]), json!([0, 8])),
                8,
            ),
            "more elements",
        ),
        (
            safetensors(&tensor("F32", json!([1]), json!([4, 8])), 8),
            "leave a hole",
        ),
        (
            safetensors(
                &json!({"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]},
                "b": {"dtype": "U8", "shape": [4], "data_offsets": [2, 6]}}),
                6,
            ),
            "overlap",
        ),
        (safetensors(&json!([1]), 0), "does not begin with `{`"),
        (
            {
                let mut deep = 8_000_u64.to_le_bytes().to_vec();
                deep.extend("{\"a\":".repeat(1600).bytes());
                deep
            },
            "is no JSON",
        ),
    ];
    for (bytes, wanted) in cases {
        let message = refusal("x/model.safetensors", bytes);
        assert!(message.contains(wanted), "{message}");
    }
}

/// A file of 100 GB of which nothing but the header is there.
struct Sparse {
    head: Vec<u8>,
    size: u64,
}

impl Content for Sparse {
    fn size(&self) -> u64 {
        self.size
    }

    fn read(&self, at: u64, length: usize) -> Option<Vec<u8>> {
        let part = self.head.read(at, length)?;
        let wanted = (length as u64).min(self.size - at);
        (part.len() as u64 == wanted || at < 1 << 16).then_some(part)
    }
}

#[test]
fn only_the_header_of_a_large_file_is_read() {
    let size = 100_000_000_000_u64;
    let header = json!({"w": {"dtype": "BF16", "shape": [size / 2], "data_offsets": [0, size]}});
    let head = safetensors(&header, 0);
    let sparse = Sparse {
        size: size + head.len() as u64,
        head,
    };
    let files = [File::new("large/model.safetensors", &sparse)];
    let text = import::run(&files).unwrap().text;
    assert!(text.contains("parameters: 50B"), "{text}");
}

fn gguf_text(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text.bytes());
    bytes
}

fn gguf(
    pairs: &[(&str, u32, Vec<u8>)],
    tensors: &[(&str, &[u64], u32, u64)],
    data: usize,
) -> Vec<u8> {
    let mut bytes = b"GGUF".to_vec();
    bytes.extend(3_u32.to_le_bytes());
    bytes.extend((tensors.len() as u64).to_le_bytes());
    bytes.extend((pairs.len() as u64).to_le_bytes());
    for (key, ty, value) in pairs {
        bytes.extend(gguf_text(key));
        bytes.extend(ty.to_le_bytes());
        bytes.extend(value);
    }
    for (name, dims, ty, offset) in tensors {
        bytes.extend(gguf_text(name));
        bytes.extend(u32::try_from(dims.len()).unwrap().to_le_bytes());
        for dim in *dims {
            bytes.extend(dim.to_le_bytes());
        }
        bytes.extend(ty.to_le_bytes());
        bytes.extend(offset.to_le_bytes());
    }
    let start = bytes.len().next_multiple_of(32);
    bytes.resize(start + data, 0);
    bytes
}

fn llama() -> Vec<u8> {
    let number = |value: u32| value.to_le_bytes().to_vec();
    let mut tokens = 8_u32.to_le_bytes().to_vec();
    tokens.extend(2_u64.to_le_bytes());
    tokens.extend([gguf_text("a"), gguf_text("b")].concat());
    gguf(
        &[
            ("general.architecture", 8, gguf_text("llama")),
            ("general.name", 8, gguf_text("Tiny")),
            ("llama.context_length", 4, number(2048)),
            ("llama.embedding_length", 4, number(64)),
            ("llama.block_count", 4, number(2)),
            ("llama.attention.head_count", 4, number(4)),
            ("llama.attention.head_count_kv", 4, number(2)),
            ("llama.rope.freq_base", 6, vec![0; 4]),
            ("tokenizer.ggml.tokens", 9, tokens),
        ],
        &[("a", &[32, 2], 2, 0), ("b", &[3], 0, 64)],
        76,
    )
}

#[test]
fn gguf_states_the_shape_of_its_model() {
    let nodes = nodes(&[("tiny.Q4_0.gguf", llama())]);
    let node = &nodes["tiny-q4-0"];
    assert_eq!(
        node["model"],
        json!({"family": "llama", "precision": "int4", "parameters": 67, "layers": 2, "heads": 4,
            "kvHeads": 2, "headDim": 16, "hidden": 64, "contextTokens": 2048})
    );
    assert_eq!(
        (&node["role"], &node["tokenizer"]["vocabSize"]),
        (&json!("generator"), &json!(2))
    );
}

#[test]
fn gguf_of_an_embedder_has_its_dimensions() {
    let number = |value: u32| value.to_le_bytes().to_vec();
    let bytes = gguf(
        &[
            ("general.architecture", 8, gguf_text("nomic-bert")),
            ("nomic-bert.context_length", 4, number(2048)),
            ("nomic-bert.embedding_length", 4, number(768)),
            ("nomic-bert.pooling_type", 4, number(1)),
        ],
        &[],
        0,
    );
    let nodes = nodes(&[("nomic.gguf", bytes)]);
    let vector = &nodes["nomic"]["outputs"]["vector"];
    assert_eq!(
        *vector,
        json!({"type": "vector", "dim": 768, "pooling": "mean"})
    );
}

#[test]
fn hostile_gguf_is_refused() {
    let mut many = b"GGUF".to_vec();
    many.extend(3_u32.to_le_bytes());
    many.extend(u64::MAX.to_le_bytes());
    let mut keys = many.clone();
    many.extend(0_u64.to_le_bytes());
    keys.truncate(8);
    keys.extend(0_u64.to_le_bytes());
    keys.extend(u64::MAX.to_le_bytes());
    let mut old = llama();
    old[4] = 1;
    let list = |of: u32, count: u64| {
        let mut value = of.to_le_bytes().to_vec();
        value.extend(count.to_le_bytes());
        gguf(&[("k", 9, value)], &[], 0)
    };
    let mut nested = Vec::new();
    for _ in 0..100 {
        nested.extend(9_u32.to_le_bytes());
        nested.extend(1_u64.to_le_bytes());
    }
    let cases = [
        (many, "claims 18446744073709551615 tensors"),
        (keys, "claims 18446744073709551615 keys"),
        (old, "is of version 1"),
        (b"GGML".to_vec(), "does not begin with `GGUF`"),
        (llama()[..40].to_vec(), "behind the end of the file"),
        (list(10, u64::MAX), "longer than any file"),
        (list(4, 1 << 40), "behind the end of the file"),
        (list(99, 1), "which is none"),
        (gguf(&[("k", 9, nested)], &[], 0), "too deep"),
        (
            gguf(&[("k", 77, Vec::new())], &[], 64),
            "a value of type 77",
        ),
        (
            gguf(&[], &[("t", &[1, 1, 1, 1, 1], 0, 0)], 64),
            "5 dimensions",
        ),
        (
            gguf(&[], &[("t", &[u64::MAX, 2], 0, 0)], 64),
            "more elements",
        ),
        (
            gguf(&[], &[("t", &[64], 0, 0)], 64),
            "up to byte 256 of the data; the file has 64",
        ),
        (gguf(&[], &[("t", &[1], 0, 7)], 64), "not aligned"),
        (
            gguf(&[("general.alignment", 4, vec![3, 0, 0, 0])], &[], 64),
            "aligns tensors to 3",
        ),
    ];
    for (bytes, wanted) in cases {
        let message = refusal("x.gguf", bytes);
        assert!(message.contains(wanted), "{wanted}: {message}");
    }
}

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    assert!(bytes.len() < 0x4000);
    let mut out = vec![(number << 3) | 2];
    if bytes.len() < 0x80 {
        out.push(u8::try_from(bytes.len()).unwrap());
    } else {
        out.push(u8::try_from(bytes.len() & 0x7f).unwrap() | 0x80);
        out.push(u8::try_from(bytes.len() >> 7).unwrap());
    }
    out.extend(bytes);
    out
}

fn value_info(name: &str, element: u8, dims: &[Result<u8, &str>]) -> Vec<u8> {
    let dims = dims.iter().map(|dim| match dim {
        Ok(value) => field(1, &[0x08, *value]),
        Err(name) => field(1, &field(2, name.as_bytes())),
    });
    let shape = dims.collect::<Vec<_>>().concat();
    let tensor = [vec![0x08, element], field(2, &shape)].concat();
    [field(1, name.as_bytes()), field(2, &field(1, &tensor))].concat()
}

fn onnx() -> Vec<u8> {
    let weight = [
        vec![0x08, 3, 0x08, 4, 0x10, 1],
        field(8, b"w"),
        field(9, &[0; 48]),
    ]
    .concat();
    let graph = [
        field(1, &field(4, b"MatMul")),
        field(2, b"g"),
        field(5, &weight),
        field(
            11,
            &value_info("input_ids", 7, &[Err("batch_size"), Err("sequence_length")]),
        ),
        field(11, &value_info("w", 1, &[Ok(3), Ok(4)])),
        field(
            12,
            &value_info(
                "last hidden",
                1,
                &[Err("batch_size"), Err("sequence_length"), Ok(64)],
            ),
        ),
    ]
    .concat();
    [vec![0x08, 8], field(2, b"pytorch"), field(7, &graph)].concat()
}

#[test]
fn onnx_states_its_tensors_with_symbols() {
    let nodes = nodes(&[("encoder.onnx", onnx())]);
    let node = &nodes["encoder"];
    assert_eq!(
        node["inputs"],
        json!({"input_ids": {"type": "tensor", "dtype": "i64", "shape": ["$sequence_length"]}})
    );
    assert_eq!(
        node["outputs"],
        json!({"last_hidden": {"type": "tensor", "externalName": "last hidden", "dtype": "f32",
            "shape": ["$sequence_length", 64]}})
    );
    assert_eq!(node["model"]["parameters"], 12);
}

#[test]
fn onnx_beside_a_configuration_is_how_it_is_served() {
    let config = json!({"architectures": ["BertModel"], "model_type": "bert", "hidden_size": 64});
    let nodes = nodes(&[
        ("a/b/config.json", config.to_string().into_bytes()),
        ("a/b/onnx/model.onnx", onnx()),
    ]);
    assert_eq!(nodes.as_object().unwrap().len(), 1);
    let signature = &nodes["b"]["annotations"]["onnx/signature"];
    assert_eq!(
        signature["inputs"]["input_ids"]["shape"],
        json!(["$batch_size", "$sequence_length"])
    );
}

#[test]
fn hostile_onnx_is_refused() {
    let cases = [
        (vec![0x08, 8], "has no graph"),
        (Vec::new(), "has no graph"),
        (vec![0x3a, 0xff, 0xff, 0xff, 0x7f], "more than there are"),
        (vec![0x08; 1], "ends too early"),
        ([vec![0x08], vec![0xff; 12]].concat(), "more than ten bytes"),
        (vec![0x0b], "wire type 3"),
        (vec![0x00, 0], "without a number"),
        (
            field(7, &field(11, &value_info("x", 1, &vec![Ok(1); 70]))),
            "more than 64 dimensions",
        ),
    ];
    for (bytes, wanted) in cases {
        let message = refusal("x.onnx", bytes);
        assert!(message.contains(wanted), "{wanted}: {message}");
    }
}

proptest! {
    /// Whatever the bytes, there is a graph that reads, or a refusal.
    #[test]
    fn arbitrary_and_damaged_files_do_no_harm(
        (which, at, with) in (0_usize..3, any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 0..12)),
        noise in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let (path, sound) = [("m.safetensors", sound()), ("m.gguf", llama()), ("m.onnx", onnx())][which].clone();
        let mut damaged = sound.clone();
        let at = at.index(damaged.len());
        let end = (at + with.len()).min(damaged.len());
        damaged.splice(at..end, with);
        for bytes in [damaged, noise, sound[..at].to_vec()] {
            match import(&[(path, bytes)]) {
                Ok(imported) => prop_assert!(spec::read(&imported.text).diagnostics.is_empty()),
                Err(error) => prop_assert!(error.refusals().count() > 0),
            }
        }
    }
}
