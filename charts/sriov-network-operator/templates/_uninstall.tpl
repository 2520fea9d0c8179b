{{- /*
A Job that helm runs when everything else of the release is gone, with an account of its own that exists only meanwhile.
Takes the dict of a component, and with it: "weight", after which the Job comes (its rights come 5 before); "image" and
"resources", those of the service that does it; "env", its further variables; "clusterRules" and "rules", what the
account may do, as YAML.
*/ -}}
{{- define "sriov.uninstall" -}}
{{- $rights := merge (dict "weight" (sub (int .weight) 5)) . }}
{{- $ownRights := merge (dict "name" .component) $rights }}
{{- $wideRights := merge (dict "name" (include "sriov.clusterName" .) "clusterWide" true) $rights }}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "sriov.uninstallMetadata" $ownRights | nindent 2 }}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  {{- include "sriov.uninstallMetadata" $wideRights | nindent 2 }}
rules:
  {{- .clusterRules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  {{- include "sriov.uninstallMetadata" $wideRights | nindent 2 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: {{ include "sriov.clusterName" . }}
subjects:
  - kind: ServiceAccount
    name: {{ .component }}
    namespace: {{ .root.Release.Namespace | quote }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  {{- include "sriov.uninstallMetadata" $ownRights | nindent 2 }}
rules:
  {{- .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  {{- include "sriov.uninstallMetadata" $ownRights | nindent 2 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ .component }}
subjects:
  - kind: ServiceAccount
    name: {{ .component }}
    namespace: {{ .root.Release.Namespace | quote }}
---
apiVersion: batch/v1
kind: Job
metadata:
  {{- include "sriov.uninstallMetadata" (merge (dict "name" .component "isJob" true) .) | nindent 2 }}
spec:
  backoffLimit: 5
  activeDeadlineSeconds: 240
  template:
    metadata:
      labels:
        {{- include "sriov.labels" . | nindent 8 }}
    spec:
      serviceAccountName: {{ .component }}
      restartPolicy: Never
      securityContext:
        {{- include "sriov.podSecurityContext" .root | nindent 8 }}
      containers:
        - name: {{ .component }}
          image: {{ include "sriov.image" . | quote }}
          imagePullPolicy: {{ .root.Values.imagePullPolicy }}
          env:
            {{- .env | nindent 12 }}
            {{- include "sriov.env" (dict "root" .root "extra" .root.Values.operator.extraEnv) | nindent 12 }}
          resources:
            {{- toYaml .resources | nindent 12 }}
          securityContext:
            {{- include "sriov.containerSecurityContext" .root | nindent 12 }}
      {{- with .root.Values.operator.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .root.Values.operator.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end }}

{{- define "sriov.uninstallMetadata" -}}
name: {{ .name }}
{{- if not .clusterWide }}
namespace: {{ .root.Release.Namespace | quote }}
{{- end }}
labels:
  {{- include "sriov.labels" . | nindent 2 }}
annotations:
  {{- include "sriov.uninstallAnnotations" . | nindent 2 }}
{{- end }}

{{- /* A Job that failed stays, because its log says why. What it may do does not stay. */ -}}
{{- define "sriov.uninstallAnnotations" -}}
helm.sh/hook: post-delete
helm.sh/hook-weight: {{ .weight | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded{{ if not .isJob }},hook-failed{{ end }}
{{- end }}
