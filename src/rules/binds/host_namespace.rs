use crate::compose::Project;
use crate::rule::{Cx, Rule, rule};

rule!(HostNamespace, "binds/host-namespace");

impl Rule for HostNamespace {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        for service in &project.services {
            let name = &service.name.value;
            if let Some(mode) = service.network_mode.as_ref().filter(|m| m.value == "host") {
                cx.report(
                    mode.span,
                    format!("`{name}` shares the host's network: every port it opens is open on the host, and `ports` is ignored"),
                )
                .help("publish the ports that are needed, or say why the host's network is")
                .aliases(&["kics:shared_host_network_namespace"]);
            }
            for (key, value) in service.namespaces.iter().filter(|(_, v)| v.value == "host") {
                let (what, alias): (&str, &[&'static str]) = match key.as_str() {
                    "pid" => ("sees and can signal every process of the host", &["kics:host_namespace_is_shared"]),
                    "ipc" => ("shares the host's memory segments and queues", &["kics:shared_host_ipc_namespace"]),
                    "userns_mode" => ("is not remapped: its root is the host's", &["kics:shared_host_user_namespace"]),
                    _ => ("shares a namespace of the host", &[]),
                };
                cx.report(value.span, format!("`{name}` {what} (`{key}: host`)"))
                    .help("leave the key out unless the service watches the host itself")
                    .aliases(alias);
            }
        }
    }
}
