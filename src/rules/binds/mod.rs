//! Rules of the category `binds`, one a file.

use crate::rule::Entry;

mod bind_source_missing;
mod debug_mode_enabled;
mod debug_server_published;
mod development_server;
mod docker_socket_mounted;
mod duplicate_published_port;
mod entrypoint_not_executable;
mod healthcheck_tool_missing;
mod host_namespace;
mod localhost_means_the_container;
mod logs_to_file_in_container;
mod loopback_bind_unreachable;
mod port_mismatch;
mod privileged;
mod proxy_upstream_unknown;
mod published_on_all_interfaces;
mod sensitive_host_path;
mod source_mount_shadows_image;
mod ssh_port_exposed;

/// The rules of this category.
pub(super) const RULES: &[Entry] = &[
    bind_source_missing::BindSourceMissing::ENTRY,
    debug_mode_enabled::DebugModeEnabled::ENTRY,
    debug_server_published::DebugServerPublished::ENTRY,
    development_server::DevelopmentServer::ENTRY,
    docker_socket_mounted::DockerSocketMounted::ENTRY,
    duplicate_published_port::DuplicatePublishedPort::ENTRY,
    entrypoint_not_executable::EntrypointNotExecutable::ENTRY,
    healthcheck_tool_missing::HealthcheckToolMissing::ENTRY,
    host_namespace::HostNamespace::ENTRY,
    localhost_means_the_container::LocalhostMeansTheContainer::ENTRY,
    logs_to_file_in_container::LogsToFileInContainer::ENTRY,
    loopback_bind_unreachable::LoopbackBindUnreachable::ENTRY,
    port_mismatch::PortMismatch::ENTRY,
    privileged::Privileged::ENTRY,
    proxy_upstream_unknown::ProxyUpstreamUnknown::ENTRY,
    published_on_all_interfaces::PublishedOnAllInterfaces::ENTRY,
    sensitive_host_path::SensitiveHostPath::ENTRY,
    source_mount_shadows_image::SourceMountShadowsImage::ENTRY,
    ssh_port_exposed::SshPortExposed::ENTRY,
];
