//! OPEA connectors: any change to sound ones is read or refused.
#![no_main]

mod imports;

use libfuzzer_sys::fuzz_target;

const SEED: &str = r#"apiVersion: gmc.opea.io/v1alpha3
kind: GMConnector
metadata: {name: choice}
spec:
  routerConfig: {name: router, serviceName: router-service}
  nodes:
    root:
      routerType: Sequence
      steps:
        - name: Embedding
          internalService: {serviceName: embed, config: {endpoint: /v1/embeddings, TEI: tei-svc}}
        - name: Which
          nodeName: which
          data: $response
        - name: Tei
          internalService: {serviceName: tei-svc, isDownstreamService: true, config: {MODEL_ID: BAAI/bge}}
    which:
      routerType: Switch
      steps:
        - {name: Small, condition: 'model==small', internalService: {serviceName: small}}
        - {name: Large, condition: 'model==large', externalService: 'http://large.example.org'}
"#;

fuzz_target!(|input: imports::Input| {
    imports::check("opea", &input, &[("gmc.yaml", SEED)]);
});
