//! Rules of the category `compose`, one a file.

use crate::rule::{Entry, declarative};

mod build_arg_not_declared;
mod build_time_variable_set_at_run_time;
mod built_image_may_be_pulled;
mod capabilities_not_dropped;
mod capability_added;
mod confinement_switched_off;
mod container_name_needs_variable;
mod container_name_prevents_scaling;
mod database_without_volume;
mod depends_on_without_readiness;
mod duplicate_container_name;
mod host_port_left_open;
mod image_built_elsewhere;
mod invalid_container_name;
mod missing_limits;
mod missing_restart_policy;
mod mount_propagation_shared;
mod obsolete_version;
mod overlapping_published_range;
mod port_on_every_address;
mod privileged_port;
mod privileges_can_be_gained;
mod profiles_clash;
mod project_without_name;
mod retry_count_off_benchmark;
mod service_without_healthcheck;
mod system_folder_writable;
mod unused_definition;
mod variable_unset;
mod variant_drift;
mod volume_with_several_writers;

/// The rules of this category.
pub(super) const RULES: &[Entry] = &[
    build_arg_not_declared::BuildArgNotDeclared::ENTRY,
    build_time_variable_set_at_run_time::BuildTimeVariableSetAtRunTime::ENTRY,
    built_image_may_be_pulled::BuiltImageMayBePulled::ENTRY,
    capabilities_not_dropped::CapabilitiesNotDropped::ENTRY,
    capability_added::CapabilityAdded::ENTRY,
    confinement_switched_off::ConfinementSwitchedOff::ENTRY,
    container_name_needs_variable::ContainerNameNeedsVariable::ENTRY,
    container_name_prevents_scaling::ContainerNamePreventsScaling::ENTRY,
    database_without_volume::DatabaseWithoutVolume::ENTRY,
    depends_on_without_readiness::DependsOnWithoutReadiness::ENTRY,
    duplicate_container_name::DuplicateContainerName::ENTRY,
    declarative!("compose/foreign-cgroup"),
    host_port_left_open::HostPortLeftOpen::ENTRY,
    image_built_elsewhere::ImageBuiltElsewhere::ENTRY,
    invalid_container_name::InvalidContainerName::ENTRY,
    declarative!("compose/links"),
    missing_limits::MissingLimits::ENTRY,
    missing_restart_policy::MissingRestartPolicy::ENTRY,
    mount_propagation_shared::MountPropagationShared::ENTRY,
    obsolete_version::ObsoleteVersion::ENTRY,
    overlapping_published_range::OverlappingPublishedRange::ENTRY,
    port_on_every_address::PortOnEveryAddress::ENTRY,
    privileged_port::PrivilegedPort::ENTRY,
    privileges_can_be_gained::PrivilegesCanBeGained::ENTRY,
    profiles_clash::ProfilesClash::ENTRY,
    project_without_name::ProjectWithoutName::ENTRY,
    retry_count_off_benchmark::RetryCountOffBenchmark::ENTRY,
    service_without_healthcheck::ServiceWithoutHealthcheck::ENTRY,
    system_folder_writable::SystemFolderWritable::ENTRY,
    unused_definition::UnusedDefinition::ENTRY,
    variable_unset::VariableUnset::ENTRY,
    variant_drift::VariantDrift::ENTRY,
    volume_with_several_writers::VolumeWithSeveralWriters::ENTRY,
];
