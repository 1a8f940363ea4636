use crate::compose::Project;
use crate::rule::{Cx, Rule, rule};

rule!(CapabilityAdded, "compose/capability-added");

/// What the engine grants anyway.
const GRANTED: [&str; 14] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

impl Rule for CapabilityAdded {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        for service in &project.services {
            for capability in &service.cap_add {
                let upper = capability.value.to_ascii_uppercase();
                let name = upper.strip_prefix("CAP_").unwrap_or(&upper);
                if name.is_empty() || name.contains('$') || GRANTED.contains(&name) {
                    continue;
                }
                cx.report(capability.span, format!("`{}` {}", service.name.value, power(name)))
                    .help("keep it only where the program fails without it, and `cap_drop: [ALL]` beside it");
            }
        }
    }
}

fn power(name: &str) -> String {
    let can = match name {
        "ALL" => "gets every capability there is: it can load modules, mount and trace as the host's root does",
        "SYS_ADMIN" => "can mount, change namespaces and much else that ends the isolation from the host (`SYS_ADMIN`)",
        "SYS_MODULE" => "can load code into the host's kernel (`SYS_MODULE`)",
        "SYS_PTRACE" => "can read and change the memory of other processes (`SYS_PTRACE`)",
        "SYS_RAWIO" => "can write to the host's devices and memory directly (`SYS_RAWIO`)",
        "DAC_READ_SEARCH" => "can read any file, those of the host included (`DAC_READ_SEARCH`)",
        "NET_ADMIN" => "can change routes, addresses and packet filters (`NET_ADMIN`)",
        "BPF" => "can load programs into the host's kernel (`BPF`)",
        "SYS_TIME" => "can set the host's clock (`SYS_TIME`)",
        "SYS_BOOT" => "can restart the host (`SYS_BOOT`)",
        _ => return format!("is given `{name}`, which containers do not have for a reason"),
    };
    can.to_owned()
}
