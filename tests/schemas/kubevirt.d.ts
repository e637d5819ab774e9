import type { IObjectMeta } from "@kubernetes-models/apimachinery/apis/meta/v1/ObjectMeta";
import type { V1KubeVirt, V1KubeVirtConfiguration, V1KubeVirtSpec } from "@kubevirt-ui-ext/kubevirt-api/kubevirt";

// The package calls a field _configuration that is "configuration" in JSON.
export type IKubeVirt = Omit<V1KubeVirt, "spec"> & {
  spec?: Omit<V1KubeVirtSpec, "_configuration"> & { configuration?: V1KubeVirtConfiguration };
};

// KubeVirt 1.9's Plugin (staging/src/kubevirt.io/api/plugin/v1alpha1/types.go), of which no package has types.

type FailureStrategy = "Fail" | "Ignore";
type AdmissionReference = { name: string };
type HookPoint =
  | "PreVMStart" | "PostVMStart" | "PreVMStop" | "PostVMStop"
  | "PreMigrationSource" | "PostMigrationSource" | "PreMigrationTarget" | "PostMigrationTarget";

// Go's time.ParseDuration, as far as anybody writes it.
type Duration = `${number}${"ms" | "s" | "m"}`;

type HookSettings = { condition?: string; failureStrategy?: FailureStrategy; timeout?: Duration };
type DomainHook = HookSettings &
  ({ cel: { expression: string }; sidecar?: never } | { sidecar: { socketPath: string }; cel?: never });
type NodeHook = HookSettings & { socket: string; permittedHooks: [HookPoint, ...HookPoint[]] };

export interface IPlugin {
  apiVersion: "plugin.kubevirt.io/v1alpha1";
  kind: "Plugin";
  metadata?: IObjectMeta;
  spec: {
    condition?: string;
    failureStrategy?: FailureStrategy;
    domainHooks?: DomainHook[];
    nodeHooks?: NodeHook[];
    mutatingAdmissionPolicies?: AdmissionReference[];
    validatingAdmissionPolicies?: AdmissionReference[];
    mutatingAdmissionWebhooks?: AdmissionReference[];
    validatingAdmissionWebhooks?: AdmissionReference[];
  };
}
