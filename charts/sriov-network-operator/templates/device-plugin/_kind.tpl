{{- /*
Which device plugin runs on which node. Both DaemonSets need a node with the label device-plugin=Enabled. Between them
decides the label device-plugin-kind; a node without it, or with a value that is no kind, has the chart's default. One
asks for the value and the other refuses it, so a node never has both, and never none of them.
*/ -}}

{{- define "sriov.pluginNodeSelector" -}}
kubernetes.io/os: linux
sriovnetwork.openshift.io/device-plugin: Enabled
{{- end }}

{{- /* The affinity of the DaemonSet of a kind (dict "root" $ "kind" KIND). */ -}}
{{- define "sriov.pluginAffinity" -}}
{{- $default := .root.Values.devicePlugin.kind }}
{{- $isDefault := eq .kind $default }}
{{- $exception := ternary "own" "sriov-network-device-plugin" (eq $default "sriov-network-device-plugin") -}}
nodeAffinity:
  requiredDuringSchedulingIgnoredDuringExecution:
    nodeSelectorTerms:
      - matchExpressions:
          - key: sriovnetwork.openshift.io/device-plugin-kind
            operator: {{ ternary "NotIn" "In" $isDefault }}
            values: [{{ $exception }}]
{{- end }}

{{- /* Refuses what would leave nodes without a device plugin, or with two. */ -}}
{{- define "sriov.checkPluginKind" -}}
{{- $original := .Values.images.sriovDevicePlugin }}
{{- if and (eq .Values.devicePlugin.kind "sriov-network-device-plugin") (not $original) }}
{{- fail "devicePlugin.kind=sriov-network-device-plugin needs the image of that plugin: set images.sriovDevicePlugin" }}
{{- end }}
{{- /*
A DaemonSet of somebody else is refused even where this release brings its own of that name. helm would merge them: with
--take-ownership, upstream's init container would stay, and it waits for upstream's daemon.
*/ -}}
{{- $found := lookup "apps/v1" "DaemonSet" .Release.Namespace "sriov-device-plugin" }}
{{- $annotations := ($found.metadata | default dict).annotations | default dict }}
{{- if and $found (ne (get $annotations "meta.helm.sh/release-name") .Release.Name) }}
{{- $delete := printf "kubectl delete daemonset sriov-device-plugin --namespace %s" .Release.Namespace }}
{{- if $original }}
{{- fail (printf "the namespace %s has a DaemonSet sriov-device-plugin that this release does not manage. Delete it without its pods, which the one of this release then takes over: %s --cascade=orphan" .Release.Namespace $delete) }}
{{- end }}
{{- fail (printf "the namespace %s has a DaemonSet sriov-device-plugin that this release does not manage, and two device plugins would run on each node. To have it replaced: %s. To keep that plugin, set images.sriovDevicePlugin to its image, and devicePlugin.kind to sriov-network-device-plugin for all nodes" .Release.Namespace $delete) }}
{{- end }}
{{- end }}

{{- /* Volume of the configuration: one file for each node. A node has its file in one of the ConfigMaps. */ -}}
{{- define "sriov.pluginConfigVolume" -}}
- name: config
  projected:
    sources:
      {{- range $shard := until (int .Values.policyController.devicePluginConfigShards) }}
      - configMap:
          name: device-plugin-config{{ if $shard }}-{{ $shard }}{{ end }}
          optional: true
      {{- end }}
{{- end }}
