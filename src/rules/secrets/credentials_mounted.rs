use crate::compose::{MountKind, Project};
use crate::files::file_name;
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::setting::named_development;

rule!(CredentialsMounted, "secrets/credentials-mounted");

/// Paths below a home that hold logins: what they are.
const KNOWN: [(&str, &str); 16] = [
    (".docker/config.json", "Docker logins"),
    (".docker", "Docker logins"),
    (".aws/credentials", "AWS keys"),
    (".aws", "AWS keys"),
    (".ssh", "SSH keys"),
    (".kube/config", "Kubernetes logins"),
    (".kube", "Kubernetes logins"),
    (".config/gcloud", "Google Cloud logins"),
    (".azure", "Azure logins"),
    (".gnupg", "GnuPG keys"),
    (".netrc", "logins to other servers"),
    (".git-credentials", "git logins"),
    (".pypirc", "PyPI logins"),
    (".vault-token", "Vault token"),
    (".config/gh", "GitHub login"),
    (".terraform.d/credentials.tfrc.json", "Terraform logins"),
];

impl Rule for CredentialsMounted {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        for service in &project.services {
            for mount in service.mounts.iter().filter(|m| m.kind == MountKind::Bind) {
                let Some(source) = &mount.source else { continue };
                let Some(what) = held_in(source) else { continue };
                if named_development(file_name(cx.stack.sources.path(mount.span.file))) {
                    continue;
                }
                let can = if mount.read_only { "read" } else { "read and change" };
                cx.report(source.span, format!("`{}` can {can} the host's {what}, and so can whoever breaks into it", service.name.value))
                    .help("give the container a login of its own that can do no more than it needs");
            }
        }
    }
}

fn held_in(path: &str) -> Option<&'static str> {
    let path = path.trim_end_matches('/');
    let ends = |end: &str| path == end || path.strip_suffix(end).is_some_and(|rest| rest.ends_with('/'));
    if let Some((_, what)) = KNOWN.iter().find(|(end, _)| ends(end)) {
        return Some(what);
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    ["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"].contains(&name).then_some("SSH key")
}
