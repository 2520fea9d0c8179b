{{- /* Refuses what would leave nodes without a device plugin, or with two. */ -}}
{{- define "sriov.checkPluginKind" -}}
{{- $original := .Values.images.sriovDevicePlugin }}
{{- if and (eq .Values.devicePlugin.kind "sriov-network-device-plugin") (not $original) }}
{{- fail "devicePlugin.kind=sriov-network-device-plugin needs the image of that plugin: set images.sriovDevicePlugin" }}
{{- end }}
{{- /* With the image, the operand controller takes the DaemonSet over, or says how. */ -}}
{{- $found := lookup "apps/v1" "DaemonSet" .Release.Namespace "sriov-device-plugin" }}
{{- $labels := ($found.metadata | default dict).labels | default dict }}
{{- if and $found (not $original) (not (hasKey $labels "sriovnetwork.openshift.io/operand")) }}
{{- fail (printf "the namespace %s has a DaemonSet sriov-device-plugin that this release does not manage, and two device plugins would run on each node. To have it replaced: kubectl delete daemonset sriov-device-plugin --namespace %s. To keep that plugin, set images.sriovDevicePlugin to its image, and devicePlugin.kind to sriov-network-device-plugin for all nodes" .Release.Namespace .Release.Namespace) }}
{{- end }}
{{- end }}
{{- /* Refuses two programs at one port of a node: the second one would never become ready. */ -}}
{{- define "sriov.checkHostPorts" -}}
{{- $used := dict
  "configDaemon.port" .Values.configDaemon.port
  "devicePlugin.port" .Values.devicePlugin.port
  "devicePlugin.port, whose next one the standby has," (add1 .Values.devicePlugin.port) }}
{{- with .Values.configDaemon.metricsProxy }}
{{- if .image }}{{ $_ := set $used "configDaemon.metricsProxy.port" .port }}{{ end }}
{{- end }}
{{- if .Values.images.metricsExporter }}
{{- $_ := set $used "operator.metricsExporter.port" .Values.operator.metricsExporter.port }}
{{- end }}
{{- $by := dict }}
{{- range $name, $port := $used }}
{{- $key := int $port | toString }}
{{- if hasKey $by $key }}
{{- fail (printf "%s and %s both take port %s of the nodes: choose another one" (get $by $key) $name $key) }}
{{- end }}
{{- $_ := set $by $key $name }}
{{- end }}
{{- end }}
