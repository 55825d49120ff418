//! Who names whom.

use std::collections::{BTreeMap, BTreeSet};

/// The hosts of services, and whose they are.
#[derive(Debug)]
pub(in crate::import) struct Names<'s> {
    hosts: BTreeMap<&'s str, usize>,
}

impl<'s> Names<'s> {
    /// The hosts of each service, in order.
    pub(in crate::import) fn new(hosts: impl Iterator<Item = &'s Vec<String>>) -> Self {
        let mut names = BTreeMap::new();
        for (index, hosts) in hosts.enumerate() {
            for host in hosts.iter().filter(|host| !host.is_empty()) {
                names.entry(host.as_str()).or_insert(index);
            }
        }
        Self { hosts: names }
    }

    /// The service of a host.
    pub(in crate::import) fn find(&self, host: &str) -> Option<usize> {
        self.hosts.get(host).copied()
    }

    /// The services that settings name: as the host of a URL, before a port, or alone where the
    /// variable's own name says that it holds a host.
    pub(in crate::import) fn called(
        &self,
        variables: &[(String, String)],
        arguments: &[String],
    ) -> BTreeSet<usize> {
        let mut called = BTreeSet::new();
        for (name, value) in variables {
            self.hosts_in(value, holds_a_host(name), &mut called);
        }
        for argument in arguments {
            let value = argument
                .split_once('=')
                .map_or(argument.as_str(), |(_, value)| value);
            self.hosts_in(value, false, &mut called);
        }
        called
    }

    fn hosts_in(&self, value: &str, alone: bool, called: &mut BTreeSet<usize>) {
        // Lists of hosts are written with commas, semicolons or blanks.
        for part in value.split([',', ';', ' ', '\n', '"', '\'']) {
            let (is_url, rest) = match part.split_once("://") {
                Some((_, rest)) => (true, rest),
                None => (false, part),
            };
            let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
            let authority = authority.rsplit('@').next().unwrap_or(authority);
            let (host, port) = match authority.rsplit_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            };
            let digits = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
            let has_port = port.is_some_and(|port| digits(port) || port.starts_with('$'));
            if !(is_url || has_port || (alone && rest == authority)) {
                continue;
            }
            // `svc.namespace.svc.cluster.local` is `svc`.
            let first = host.split('.').next().unwrap_or(host);
            if let Some(service) = self.find(host).or_else(|| self.find(first)) {
                called.insert(service);
            }
        }
    }
}

fn holds_a_host(variable: &str) -> bool {
    let name = variable.to_ascii_uppercase();
    let mut words = name.split('_');
    let tells = [
        "HOST", "HOSTNAME", "URL", "URI", "ENDPOINT", "ADDR", "ADDRESS", "IP", "SERVICE", "SERVER",
        "UPSTREAM", "BACKEND", "BASE", "API",
    ];
    words.any(|word| tells.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [usize; 0] = [];

    #[test]
    fn hosts_are_found_in_what_names_them() {
        let hosts = [
            vec!["tei".to_owned()],
            vec!["redis-db".to_owned()],
            vec!["vllm".to_owned()],
        ];
        let names = Names::new(hosts.iter());
        let called = |name: &str, value: &str| {
            let variables = [(name.to_owned(), value.to_owned())];
            names
                .called(&variables, &[])
                .into_iter()
                .collect::<Vec<_>>()
        };
        assert_eq!(called("X", "http://tei:80/embed"), [0]);
        assert_eq!(called("X", "redis://user:pw@redis-db:6379"), [1]);
        assert_eq!(called("X", "http://vllm.models.svc.cluster.local/v1"), [2]);
        assert_eq!(called("X", "tei:80,redis-db:6379"), [0, 1]);
        assert_eq!(called("LLM_SERVER_HOST_IP", "vllm"), [2]);
        assert_eq!(called("MODE", "vllm"), NONE);
        assert_eq!(called("PATH", "/opt/vllm/bin:/tei"), NONE);
        assert_eq!(called("X", "http://other"), NONE);
        let arguments = ["--upstream=http://tei".to_owned()];
        assert_eq!(names.called(&[], &arguments).len(), 1);
    }
}
