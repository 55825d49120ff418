//! Kubernetes manifests: any change to sound ones is read or refused.
#![no_main]

mod imports;

use libfuzzer_sys::fuzz_target;

const SEED: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  template:
    metadata: {labels: {app: app}}
    spec:
      containers:
        - name: app
          image: example/chat:1
          envFrom: [{configMapRef: {name: urls}}]
          env: [{name: LLM_URL, value: 'http://writer.models.svc:8000/v1'}]
        - {name: proxy, image: envoy}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: urls}
data: {EMBED_URL: 'http://embed'}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: tei}
spec:
  replicas: 2
  template:
    metadata: {labels: {app: tei}}
    spec:
      containers:
        - name: tei
          image: ghcr.io/huggingface/text-embeddings-inference:1.9
          args: [--model-id, BAAI/bge-small-en-v1.5]
          ports: [{containerPort: 8080}]
          resources: {requests: {cpu: '2', memory: 4Gi}}
          env: [{name: HF_TOKEN, valueFrom: {secretKeyRef: {name: hub, key: token}}}]
---
apiVersion: v1
kind: Service
metadata: {name: embed}
spec: {selector: {app: tei}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: List
items:
  - apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: vllm}
    spec:
      template:
        metadata: {labels: {app: vllm}}
        spec:
          nodeSelector: {nvidia.com/gpu.product: NVIDIA-L4}
          containers:
            - name: vllm
              image: vllm/vllm-openai:v0.19.0
              args: [--model=Qwen/Qwen3-8B]
              resources: {limits: {nvidia.com/gpu: 1}}
  - {apiVersion: v1, kind: Service, metadata: {name: writer}, spec: {selector: {app: vllm}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: vllm}
spec: {scaleTargetRef: {kind: StatefulSet, name: vllm}, minReplicas: 1, maxReplicas: 4}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
"#;

fuzz_target!(|input: imports::Input| {
    imports::check("kubernetes", &input, &[("shop.yaml", SEED)]);
});
