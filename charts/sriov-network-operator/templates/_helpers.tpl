{{- /*
The helpers of one service take (dict "root" $ "component" NAME).
Quote every text that somebody else chooses: a namespace may be called "123" or "on", and helm reads YAML 1.1.
*/ -}}

{{- define "sriov.selectorLabels" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "sriov.labels" -}}
{{ include "sriov.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: {{ .root.Chart.Name }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- /* Name of the cluster-wide objects of a service. The name of the release keeps several releases apart. */ -}}
{{- define "sriov.clusterName" -}}
{{ .root.Release.Name }}-{{ .component }}
{{- end }}

{{- /* The reference of an image (dict "root" $ "image" TEXT). An image without a tag gets the appVersion as its tag. */ -}}
{{- define "sriov.image" -}}
{{- $isTagged := regexMatch "(@|:[^/]+$)" .image -}}
{{ .image }}{{ if not $isTagged }}:{{ .root.Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "sriov.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .name | default .component }}
  namespace: {{ .root.Release.Namespace | quote }}
  labels:
    {{- include "sriov.labels" . | nindent 4 }}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Binds the service's account to its ClusterRole and its Role, by the names in this file. */ -}}
{{- define "sriov.bindings" -}}
{{- $account := .name | default .component -}}
{{- if ne .clusterWide false }}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: {{ include "sriov.clusterName" . }}
  labels:
    {{- include "sriov.labels" . | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: {{ include "sriov.clusterName" . }}
subjects:
  - kind: ServiceAccount
    name: {{ $account }}
    namespace: {{ .root.Release.Namespace | quote }}
---
{{- end }}
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ $account }}
  namespace: {{ .root.Release.Namespace | quote }}
  labels:
    {{- include "sriov.labels" . | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ $account }}
subjects:
  - kind: ServiceAccount
    name: {{ $account }}
    namespace: {{ .root.Release.Namespace | quote }}
{{- end }}

{{- /*
For a proxy that asks whose a token is and whether its bearer may read the metrics. Takes the dict of a service with
"clusterName", the name of both objects, and "account".
*/ -}}
{{- define "sriov.tokenReviewer" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: {{ .clusterName }}
  labels:
    {{- include "sriov.labels" . | nindent 4 }}
rules:
  - apiGroups: [authentication.k8s.io]
    resources: [tokenreviews]
    verbs: [create]
  - apiGroups: [authorization.k8s.io]
    resources: [subjectaccessreviews]
    verbs: [create]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: {{ .clusterName }}
  labels:
    {{- include "sriov.labels" . | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: {{ .clusterName }}
subjects:
  - kind: ServiceAccount
    name: {{ .account }}
    namespace: {{ .root.Release.Namespace | quote }}
{{- end }}

{{- /*
A ValidatingAdmissionPolicy about the writes of one account, and its binding. A Role can only name kinds and verbs; the
policy says which objects, and which parts of them. Takes (dict "root" $ "component" NAME "name" TEXT "spec" YAML), where
the spec has matchConstraints, validations and perhaps variables; "account" if its name is not that of the component;
"conditions", YAML, if it is about some of the writes alone; "paramName" if the spec has a paramKind, for an object in the
operator's namespace. The API server looks for the parameter before it looks at the conditions: a parameter that must be
there would refuse the writes of everybody while it is not. Where it is missing, the policy therefore does not count.
"annotations" of both objects, as YAML.
*/ -}}
{{- define "sriov.fence" }}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: {{ include "sriov.clusterName" . }}-{{ .name }}
  labels:
    {{- include "sriov.labels" . | nindent 4 }}
  {{- with .annotations }}
  annotations:
    {{- . | nindent 4 }}
  {{- end }}
spec:
  failurePolicy: {{ if .paramName }}Ignore{{ else }}Fail{{ end }}
  matchConditions:
    - name: by-the-service
      expression: request.userInfo.username == {{ printf "system:serviceaccount:%s:%s" .root.Release.Namespace (.account | default .component) | squote }}
    {{- with .conditions }}
    {{- . | nindent 4 }}
    {{- end }}
  {{- .spec | nindent 2 }}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {{ include "sriov.clusterName" . }}-{{ .name }}
  labels:
    {{- include "sriov.labels" . | nindent 4 }}
  {{- with .annotations }}
  annotations:
    {{- . | nindent 4 }}
  {{- end }}
spec:
  policyName: {{ include "sriov.clusterName" . }}-{{ .name }}
  validationActions: [Deny]
  {{- with .paramName }}
  paramRef:
    name: {{ . }}
    namespace: {{ $.root.Release.Namespace | quote }}
    parameterNotFoundAction: Allow
  {{- end }}
{{- end }}

{{- /* Allows only Events about objects of these kinds. Takes the dict of a fence and "kinds", a list in CEL. */ -}}
{{- define "sriov.eventFence" }}
{{- $spec := include "sriov.eventFenceSpec" . }}
{{- include "sriov.fence" (merge (dict "name" "event" "spec" $spec) .) }}
{{- end }}
{{- define "sriov.eventFenceSpec" -}}
matchConstraints:
  resourceRules:
    - apiGroups: ['']
      apiVersions: [v1]
      operations: [CREATE, UPDATE]
      resources: [events]
validations:
  - expression: >-
      [object, oldObject].all(event, event == null ||
      (event.involvedObject.?apiVersion.orValue('') + ' ' + event.involvedObject.?kind.orValue('')) in {{ .kinds }})
    message: the {{ .component }} may write only Events about the objects that it reports on
    reason: Forbidden
{{- end }}

{{- /* Allows of all that is in a Node only the label by which the DaemonSet of the device plugin selects nodes. */ -}}
{{- define "sriov.nodeLabelFenceSpec" -}}
matchConstraints:
  resourceRules:
    - apiGroups: ['']
      apiVersions: [v1]
      operations: [UPDATE]
      resources: [nodes, nodes/*]
variables:
  - name: own
    expression: "'sriovnetwork.openshift.io/device-plugin'"
  - name: labels
    expression: object.metadata.?labels.orValue({})
  - name: oldLabels
    expression: oldObject.metadata.?labels.orValue({})
validations:
  - expression: >-
      variables.labels.all(key, key == variables.own || (key in variables.oldLabels && variables.oldLabels[key] == variables.labels[key]))
      && variables.oldLabels.all(key, key == variables.own || key in variables.labels)
      && object.metadata.?annotations.orValue({}) == oldObject.metadata.?annotations.orValue({})
      && object.metadata.?finalizers.orValue([]) == oldObject.metadata.?finalizers.orValue([])
      && object.metadata.?ownerReferences.orValue([]) == oldObject.metadata.?ownerReferences.orValue([])
      && object.?spec == oldObject.?spec && object.?status == oldObject.?status
    message: the {{ .component }} may write only the label sriovnetwork.openshift.io/device-plugin of a node
    reason: Forbidden
  - expression: variables.labels[?variables.own].orValue('Enabled') in ['Enabled', 'Disabled']
    message: the label sriovnetwork.openshift.io/device-plugin is Enabled, Disabled or not there
    reason: Forbidden
{{- end }}

{{- /*
Allows an account to change only some annotations of objects, and, with "cordons", whether pods are scheduled to a node.
Takes the dict of a service with "group", the API group whose version is v1, "resources", and "keys", the annotations;
"who", if the message is to name somebody else than the component. With "removedTaint" a taint of that key may be taken
off.
*/ -}}
{{- define "sriov.annotationFenceSpec" -}}
matchConstraints:
  resourceRules:
    - apiGroups: [{{ .group | quote }}]
      apiVersions: [v1]
      operations: [UPDATE]
      resources: {{ toJson .resources }}
variables:
  - name: own
    expression: {{ printf "['%s']" (join "', '" .keys) | quote }}
  - name: annotations
    expression: object.metadata.?annotations.orValue({})
  - name: oldAnnotations
    expression: oldObject.metadata.?annotations.orValue({})
validations:
  - expression: >-
      variables.annotations.all(key, key in variables.own || (key in variables.oldAnnotations && variables.oldAnnotations[key] == variables.annotations[key]))
      && variables.oldAnnotations.all(key, key in variables.own || key in variables.annotations)
      && object.metadata.?labels.orValue({}) == oldObject.metadata.?labels.orValue({})
      && object.metadata.?finalizers.orValue([]) == oldObject.metadata.?finalizers.orValue([])
      && object.metadata.?ownerReferences.orValue([]) == oldObject.metadata.?ownerReferences.orValue([])
      {{- if .cordons }}
      && object.?spec.?podCIDR == oldObject.?spec.?podCIDR && object.?spec.?podCIDRs == oldObject.?spec.?podCIDRs
      && object.?spec.?providerID == oldObject.?spec.?providerID
      {{- with .removedTaint }}
      && (object.?spec.?taints == oldObject.?spec.?taints
      || object.?spec.?taints.orValue([]) == oldObject.?spec.?taints.orValue([]).filter(taint, taint.key != '{{ . }}'))
      {{- else }}
      && object.?spec.?taints == oldObject.?spec.?taints
      {{- end }}
      && object.?spec.?configSource == oldObject.?spec.?configSource && object.?spec.?externalID == oldObject.?spec.?externalID
      {{- else }}
      && object.?spec == oldObject.?spec
      {{- end }}
      && object.?status == oldObject.?status
    message: {{ printf "the %s may change only these annotations%s: %s" .component (ternary ", and whether pods are scheduled" "" (eq (toString .cordons) "true")) (join ", " .keys) | quote }}
    reason: Forbidden
{{- end }}

{{- /* Allows only the Lease of the service: a Role cannot limit the names of objects that are created. */ -}}
{{- define "sriov.leaseFence" }}
{{- $spec := include "sriov.leaseFenceSpec" . }}
{{- include "sriov.fence" (merge (dict "name" "lease" "spec" $spec) .) }}
{{- end }}
{{- define "sriov.leaseFenceSpec" -}}
matchConstraints:
  resourceRules:
    - apiGroups: [coordination.k8s.io]
      apiVersions: [v1]
      operations: [CREATE]
      resources: [leases]
validations:
  - expression: object.metadata.?name.orValue('') == {{ .component | squote }}
    message: the {{ .component }} may create only the Lease {{ .component }}
    reason: Forbidden
{{- end }}

{{- /* Rules for the Lease by which one of a service's replicas leads. */ -}}
{{- define "sriov.leaseRules" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ .component }}]
  verbs: [get, update]
{{- end }}

{{- /* A path on the hosts (dict "root" $ "name" NAME "given" TEXT): as given, or else that of the type of cluster. */ -}}
{{- define "sriov.hostPath" -}}
{{- $types := .root.Files.Get "files/cluster-types.yaml" | fromYaml -}}
{{- .given | default (get (get $types .root.Values.operator.clusterType) .name) -}}
{{- end }}

{{- /* Environment variables that every service reads, and those of the map "extra". */ -}}
{{- define "sriov.env" -}}
- name: NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: LOG_LEVEL
  value: {{ .root.Values.logLevel | quote }}
{{- range $name, $value := .extra }}
- name: {{ $name | quote }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{- /*
Takes "probeHost" if the kubelet does not ask at the pod's address. /healthz is for people: it also reports what a
restart does not cure, such as a kernel that does not answer.
*/ -}}
{{- define "sriov.probes" -}}
livenessProbe:
  httpGet:
    {{- with .probeHost }}
    host: {{ . | quote }}
    {{- end }}
    path: /livez
    port: health
  initialDelaySeconds: 10
  periodSeconds: 20
  timeoutSeconds: 5
readinessProbe:
  httpGet:
    {{- with .probeHost }}
    host: {{ . | quote }}
    {{- end }}
    path: /readyz
    port: health
  periodSeconds: 5
  timeoutSeconds: 5
{{- end }}

{{- /* The security context of a container that needs nothing of its node. */ -}}
{{- define "sriov.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- /* On OpenShift, each namespace has users of its own, and no other may be named. */ -}}
{{- define "sriov.podSecurityContext" -}}
runAsNonRoot: true
{{- if ne .Values.operator.clusterType "openshift" }}
runAsUser: 65532
runAsGroup: 65532
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- /* Where the pods of the cluster side run. */ -}}
{{- define "sriov.scheduling" -}}
{{- with .root.Values.operator }}
{{- with .priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- $tolerations := .tolerations }}
{{- /* Somebody has to take the taint off. */}}
{{- if $.root.Values.drainController.startupTaint }}
{{- $tolerations = append ($tolerations | default list) (dict "key" "sriovnetwork.openshift.io/not-configured" "operator" "Exists") }}
{{- end }}
{{- with $tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
# Replicas on nodes of their own, as far as there are any.
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "sriov.selectorLabels" . | nindent 8 }}
{{- end }}

{{- /* Whether somebody else makes the webhook's certificate: text if so, nothing if the webhook makes its own. */ -}}
{{- define "sriov.hasGivenCertificate" -}}
{{- with .Values.operator.admissionControllers.certificates -}}
{{- if or .certManager.enabled .custom.enabled }}true{{ end -}}
{{- end -}}
{{- end }}
