//! Builds from which others go on. A daemon keeps no images: what one build makes of another's result it is given as the
//! graph that makes it. Such a graph is handed out only where a client stands between the frontend and the build, so a
//! second build of the same is begun beside the first, which executes nothing of its own, and kept open: as long as one
//! build holds them, the steps of the graph are those that were executed.

use bollard_buildkit_proto::moby::buildkit::v1::SolveRequest;
use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use bollard_buildkit_proto::moby::buildkit::v1::frontend;
use bollard_buildkit_proto::moby::buildkit::v1::frontend::llb_bridge_client::LlbBridgeClient;
use bollard_buildkit_proto::moby::buildkit::v1::frontend::result::Result as Refs;
use bollard_buildkit_proto::pb::Definition;
use serde_json::json;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::stack::ImageRef;

/// The header that says in which build a client stands.
const BUILD: &str = "buildkit-controlapi-buildid";
/// Under this key of a result's metadata stands what an image says of itself.
const CONFIG: &str = "containerimage.config";

/// What a build hands on.
#[derive(Clone, Debug, Default)]
pub(super) struct Given(Vec<Part>);

/// The same for one platform; without a name where there is only one.
#[derive(Clone, Debug)]
struct Part {
    platform: Option<String>,
    graph: Definition,
    config: Option<Vec<u8>>,
}

impl Given {
    fn read(result: &frontend::Result) -> Given {
        let part = |platform: Option<&String>, found: &frontend::Ref| {
            let key = platform.map_or_else(|| CONFIG.to_owned(), |platform| format!("{CONFIG}/{platform}"));
            let config = result.metadata.get(&key).or_else(|| result.metadata.get(CONFIG)).cloned();
            Part { platform: platform.cloned(), graph: found.def.clone().unwrap_or_default(), config }
        };
        match &result.result {
            Some(Refs::Ref(found)) => Given(vec![part(None, found)]),
            Some(Refs::Refs(all)) => Given(all.refs.iter().map(|(platform, found)| part(Some(platform), found)).collect()),
            _ => Given::default(),
        }
    }

    /// The digests of the steps that it is made of.
    pub(super) fn steps(&self) -> impl Iterator<Item = String> {
        self.0.iter().flat_map(|part| part.graph.metadata.keys().cloned())
    }

    /// Lets a build find it as the image or context `name`; `number` tells it from others that the build is given.
    pub(super) fn lend(&self, name: &str, number: usize, request: &mut SolveRequest) {
        for part in &self.0 {
            let suffix = part.platform.as_ref().map_or_else(String::new, |platform| format!("::{platform}"));
            let input = format!("image{number}{suffix}");
            // Places in the other Dockerfile would be taken for places in this one.
            let graph = Definition { source: None, ..part.graph.clone() };
            request.frontend_attrs.insert(format!("context:{name}{suffix}"), format!("input:{input}"));
            if let Some(config) = &part.config {
                let metadata = json!({ CONFIG: base64(config) });
                request.frontend_attrs.insert(format!("input-metadata:{input}"), metadata.to_string());
            }
            request.frontend_inputs.insert(input, graph);
        }
    }
}

/// The name under which a Dockerfile's frontend looks for an image among the contexts it is given.
pub(super) fn context_name(tag: &str) -> String {
    let name = ImageRef::parse(tag).full_name();
    let name = name.strip_prefix("docker.io/").map_or(name.as_str(), |rest| rest.strip_prefix("library/").unwrap_or(rest));
    name.strip_suffix(":latest").unwrap_or(name).to_owned()
}

/// What a build hands on, and what keeps it there.
pub(super) struct Held {
    /// What others are given.
    pub given: Given,
    /// Ends with the run.
    _open: Open,
}

/// A build that is kept open until this is dropped.
struct Open(tokio::task::JoinHandle<()>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Begins the same build as `request` once more, without any output, and waits for its result.
pub(super) async fn hold(
    mut control: ControlClient<Channel>,
    mut bridge: LlbBridgeClient<Channel>,
    request: SolveRequest,
) -> Result<Held, Status> {
    let id = super::unique();
    let outer = SolveRequest {
        r#ref: id.clone(),
        session: request.session,
        frontend_attrs: request.frontend_attrs.clone(),
        entitlements: request.entitlements,
        internal: true,
        ..SolveRequest::default()
    };
    let (failed, mut failure) = tokio::sync::oneshot::channel();
    let open = Open(tokio::spawn(async move {
        if let Err(status) = control.solve(outer).await {
            let _ = failed.send(status);
        }
    }));
    let mut inner = Request::new(frontend::SolveRequest {
        frontend: request.frontend,
        frontend_opt: request.frontend_attrs,
        frontend_inputs: request.frontend_inputs,
        allow_result_return: true,
        allow_result_array_ref: true,
        evaluate: true,
        ..frontend::SolveRequest::default()
    });
    let id = MetadataValue::try_from(&id).map_err(|error| Status::internal(error.to_string()))?;
    inner.metadata_mut().insert(BUILD, id);
    let answer = tokio::select! {
        answer = bridge.solve(inner) => answer?.into_inner(),
        Ok(status) = &mut failure => return Err(status),
    };
    let result = answer.result.ok_or_else(|| Status::internal("the builder hands out no result"))?;
    Ok(Held { given: Given::read(&result), _open: open })
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let number = three.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for at in 0..4 {
            let digit = DIGITS.get((number >> (18 - 6 * at) & 63) as usize).copied().unwrap_or(b'=');
            text.push(if at > three.len() { '=' } else { char::from(digit) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use bollard_buildkit_proto::pb::Source;
    use std::collections::HashMap;

    #[test]
    fn bytes_are_written_in_sixty_four_digits() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy"), ("\u{ff}?", "w78/")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn images_are_found_by_the_name_that_a_frontend_makes_of_them() {
        for (tag, name) in [
            ("base", "base"),
            ("base:latest", "base"),
            ("base:1", "base:1"),
            ("me/base:1", "me/base:1"),
            ("docker.io/library/base:2", "base:2"),
            ("docker.io/me/base", "me/base"),
            ("127.0.0.1:5000/base:latest", "127.0.0.1:5000/base"),
        ] {
            assert_eq!(context_name(tag), name, "{tag}");
        }
    }

    #[test]
    fn what_is_given_is_lent_for_each_platform() {
        let graph = Definition { def: vec![vec![1]], source: Some(Source::default()), ..Definition::default() };
        let found = frontend::Ref { id: "1".to_owned(), def: Some(graph) };
        let metadata = HashMap::from([(CONFIG.to_owned(), b"{}".to_vec())]);
        let one = frontend::Result { metadata, result: Some(Refs::Ref(found.clone())), ..frontend::Result::default() };
        let mut request = SolveRequest::default();
        Given::read(&one).lend("base", 3, &mut request);
        assert_eq!(request.frontend_attrs["context:base"], "input:image3");
        assert_eq!(request.frontend_attrs["input-metadata:image3"], r#"{"containerimage.config":"e30="}"#);
        assert!(request.frontend_inputs["image3"].source.is_none(), "its lines are those of another file");
        let refs = HashMap::from([("linux/arm64".to_owned(), found)]);
        let many = frontend::Result { result: Some(Refs::Refs(frontend::RefMap { refs })), ..frontend::Result::default() };
        let mut request = SolveRequest::default();
        Given::read(&many).lend("base", 0, &mut request);
        assert_eq!(request.frontend_attrs["context:base::linux/arm64"], "input:image0::linux/arm64");
        assert!(request.frontend_inputs.contains_key("image0::linux/arm64"));
    }
}
