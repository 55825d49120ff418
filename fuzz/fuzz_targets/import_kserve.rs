//! KServe inference graphs: any change to sound ones is read or refused.
#![no_main]

mod imports;

use libfuzzer_sys::fuzz_target;

const SEED: &str = r#"apiVersion: serving.kserve.io/v1alpha1
kind: InferenceGraph
metadata: {name: animals}
spec:
  timeout: 30
  nodes:
    root:
      routerType: Sequence
      steps:
        - {serviceName: is-animal, name: first, dependency: Hard}
        - {nodeName: which, data: $response}
    which:
      routerType: Switch
      steps:
        - {serviceName: dogs, condition: '[@this].#(predictions.0=="dog")'}
        - {nodeName: cats, condition: '[@this].#(predictions.0=="cat")'}
    cats:
      routerType: Splitter
      steps:
        - {serviceUrl: 'http://old-cats.example.org/v1', weight: 80}
        - {nodeName: both, weight: 20}
    both:
      routerType: Ensemble
      steps: [{serviceName: new-cats}, {serviceName: dogs}]
---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: dogs}
spec:
  predictor:
    minReplicas: 1
    maxReplicas: 3
    nodeSelector: {nvidia.com/gpu.product: NVIDIA-L4}
    model:
      modelFormat: {name: onnx}
      protocolVersion: v2
      storageUri: s3://models/dogs
      resources: {limits: {nvidia.com/gpu: '1', memory: 8Gi, cpu: 500m}}
"#;

fuzz_target!(|input: imports::Input| {
    imports::check("kserve", &input, &[("graph.yaml", SEED)]);
});
