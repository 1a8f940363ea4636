use crate::compose::Project;
use crate::rule::{Cx, Rule, rule};
use crate::stack::{Base, DockerfileUnit, ImageRef, ScriptOrigin, Stack};

rule!(RunsAsRoot, "privileges/runs-as-root");

impl Rule for RunsAsRoot {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let finals = unit.final_stages(cx.stack);
        for stage in &unit.stages {
            let ends_here = finals.contains(&stage.index);
            if ends_here && compose_sets_user(cx.stack, unit, stage.index) {
                continue;
            }
            match stage.users.last() {
                Some((item, user)) => {
                    let value = unit.expand_at(stage.index, *item, user).unwrap_or_default();
                    if !is_root(&value) {
                        continue;
                    }
                    let aliases: &[&'static str] =
                        if ends_here { &["DL3002", "CKV_DOCKER_8", "DS-0002", "kics:last_user_is_root"] } else { &["DL3002"] };
                    let what = if ends_here { "containers of this image run" } else { "what starts from this stage runs" };
                    cx.report(user.span, format!("{what} as root: a hole in the program gives away all of the container"))
                        .help("switch to a user of its own after the last step that needs root")
                        .aliases(aliases);
                }
                None if ends_here => without_user(unit, stage.index, cx),
                None => {}
            }
        }
    }

    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        for service in &project.services {
            let Some(user) = service.user.as_ref().filter(|u| is_root(u)) else { continue };
            cx.report(user.span, format!("`{}` runs as root: a hole in the program gives away all of the container", service.name.value))
                .help("leave `user` out, or name one that owns what the program writes")
                .aliases(&[]);
        }
    }
}

fn without_user(unit: &DockerfileUnit, stage: usize, cx: &mut Cx<'_>) {
    let chain = unit.chain(stage);
    if chain.iter().any(|&n| unit.stages.get(n).is_some_and(|s| !s.users.is_empty())) {
        return inherited_root(unit, stage, &chain, cx);
    }
    let Some(root) = chain.last().and_then(|&n| unit.stages.get(n)) else { return };
    let keeps_root = match &root.base {
        Base::Image(image) => !drops_root(image),
        Base::Scratch => true,
        _ => false,
    };
    let Some(last) = unit.stages.get(stage).filter(|_| keeps_root && !scripts_drop_root(unit, cx.stack)) else { return };
    let aliases: &[&'static str] = match root.base {
        Base::Scratch => &["CKV_DOCKER_3", "DS-0002"],
        _ => &["CKV_DOCKER_3", "DS-0002", "kics:missing_user_instruction"],
    };
    cx.report(
        last.image.span,
        "no USER is set, so containers of this image run as root: a hole in the program gives away all of the container",
    )
    .help("create a user and switch to it after the last step that needs root: `USER 1000`")
    .aliases(aliases);
}

/// The user comes from a stage above: it is reported there, unless nothing else is.
fn inherited_root(unit: &DockerfileUnit, stage: usize, chain: &[usize], cx: &mut Cx<'_>) {
    let set = chain.iter().find_map(|&n| unit.stages.get(n)?.users.last().map(|(item, user)| (n, *item, user)));
    let Some((n, item, user)) = set else { return };
    let root = unit.expand_at(n, item, user).is_some_and(|v| is_root(&v));
    if let Some(last) = unit.stages.get(stage).filter(|_| root) {
        cx.report(last.image.span, "containers of this image run as root, as the stage that it starts from ends with that user")
            .label(user.span, "set here")
            .help("switch to a user of its own after the last step that needs root")
            .aliases(&["DS-0002"]);
    }
}

fn is_root(user: &str) -> bool {
    let name = user.split(':').next().unwrap_or_default().trim();
    name == "root" || !name.is_empty() && name.bytes().all(|b| b == b'0')
}

/// Whether every service that builds a stage runs it as somebody else.
fn compose_sets_user(stack: &Stack, unit: &DockerfileUnit, stage: usize) -> bool {
    let mut services =
        stack.builds_of(unit).filter(|b| b.stage == Some(stage)).map(|b| b.service.and_then(|at| stack.service(at))).peekable();
    services.peek().is_some() && services.all(|s| s.is_some_and(|(_, s)| s.user.as_ref().is_some_and(|u| !u.is_empty() && !is_root(u))))
}

/// Images that have a user of their own, or whose start gives root up.
fn drops_root(image: &ImageRef) -> bool {
    const OFFICIAL: [&str; 24] = [
        "postgres",
        "redis",
        "mysql",
        "mariadb",
        "mongo",
        "rabbitmq",
        "memcached",
        "elasticsearch",
        "kibana",
        "logstash",
        "cassandra",
        "couchdb",
        "neo4j",
        "solr",
        "ghost",
        "haproxy",
        "varnish",
        "zookeeper",
        "jetty",
        "arangodb",
        "nats",
        "consul",
        "vault",
        "valkey",
    ];
    const OTHERS: [&str; 15] = [
        "windowsservercore",
        "nanoserver",
        "/windows",
        "nonroot",
        "unprivileged",
        "rootless",
        "bitnami",
        "chainguard",
        "jenkins/",
        "grafana/",
        "prom/",
        "elasticsearch/",
        "kibana/",
        "keycloak/",
        "sonarqube",
    ];
    let text = image.text.to_lowercase();
    image.official().is_some_and(|name| OFFICIAL.contains(&name)) || OTHERS.iter().any(|o| text.contains(o))
}

/// Whether a script that an image starts changes to another user.
fn scripts_drop_root(unit: &DockerfileUnit, stack: &Stack) -> bool {
    const CHANGE: [&str; 7] = ["gosu", "su-exec", "setpriv", "runuser", "chpst", "s6-setuidgid", "setuidgid"];
    let started = stack.all_scripts().filter(|s| match s.origin {
        ScriptOrigin::File(_) => true,
        ScriptOrigin::Instruction { dockerfile, .. } => dockerfile == unit.index,
        ScriptOrigin::Compose { .. } => false,
    });
    started.flat_map(|s| s.script.walk()).any(|(_, command)| {
        let effective = command.effective();
        let name = effective.name().unwrap_or_default();
        effective.through.iter().any(|t| CHANGE.contains(&t.as_str())) || CHANGE.contains(&name.as_str())
    })
}
