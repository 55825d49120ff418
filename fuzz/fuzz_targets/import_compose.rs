//! Docker Compose: any change to sound ones is read or refused.
#![no_main]

mod imports;

use libfuzzer_sys::fuzz_target;

const SEED: &str = r#"services:
  app:
    image: registry.example:5000/team/chat:1
    environment:
      - EMBED_URL=http://embed:80
      - QDRANT_HOST=store
      - LLM=http://llm.internal:8000/v1
      - API_TOKEN=abc
    depends_on: [llm]
  embed:
    image: ghcr.io/huggingface/text-embeddings-inference:1.9
    command: --model-id ${MODEL:-BAAI/bge-small-en-v1.5} --auto-truncate
    ports: ['8081:80']
  store:
    image: qdrant/qdrant:v1.15.0
    volumes: [data:/qdrant/storage]
  llm:
    image: vllm/vllm-openai:v0.19.0
    container_name: llm.internal
    command: ["--model", "Qwen/Qwen3-8B", "--max-model-len=8192", "--dtype", bfloat16]
    deploy:
      replicas: 2
      resources:
        reservations:
          devices: [{driver: nvidia, count: 2, capabilities: [gpu]}]
  web:
    image: nginx
    environment: {HF_TOKEN: abc, API: http://app:1}
volumes: {data: {}}
"#;

fuzz_target!(|input: imports::Input| {
    imports::check("compose", &input, &[("compose.yaml", SEED)]);
});
