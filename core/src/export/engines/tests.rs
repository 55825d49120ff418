use super::*;

#[test]
fn an_image_fits_its_gpu_and_protocol() {
    let image = |engine: &str, gpu, protocol| {
        let image = Engine::find(engine).unwrap().image(gpu, protocol)?;
        Some(image.rsplit('/').next().unwrap().to_owned())
    };
    for (engine, gpu, protocol, wanted) in [
        (
            "vllm",
            Some("L4"),
            Protocol::Http,
            Some("vllm-openai:v0.19.0"),
        ),
        (
            "vllm",
            Some("MI300X"),
            Protocol::Http,
            Some("vllm-openai-rocm:v0.19.0"),
        ),
        (
            "tei",
            None,
            Protocol::Http,
            Some("text-embeddings-inference:cpu-1.9"),
        ),
        (
            "TEI",
            Some("T4"),
            Protocol::Http,
            Some("text-embeddings-inference:turing-1.9"),
        ),
        (
            "tei",
            Some("L40S"),
            Protocol::Grpc,
            Some("text-embeddings-inference:89-1.9-grpc"),
        ),
        (
            "tei",
            Some("A100-80GB-SXM"),
            Protocol::Http,
            Some("text-embeddings-inference:1.9"),
        ),
        (
            "tei",
            Some("H200-141GB-SXM"),
            Protocol::Http,
            Some("text-embeddings-inference:hopper-1.9"),
        ),
        (
            "tei",
            Some("RTX-4090"),
            Protocol::Http,
            Some("text-embeddings-inference:89-1.9"),
        ),
        (
            "tei",
            Some("RTX-PRO-6000-Server"),
            Protocol::Http,
            Some("text-embeddings-inference:120-1.9"),
        ),
        ("tei", Some("MI300X"), Protocol::Http, None),
        (
            "text-generation-inference",
            Some("MI300X"),
            Protocol::Http,
            Some("text-generation-inference:3.3.4-rocm"),
        ),
    ] {
        assert_eq!(
            image(engine, gpu, protocol).as_deref(),
            wanted,
            "{engine} {gpu:?}"
        );
    }
}
