package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/kwok/pkg/client/clientset/versioned"
)

// kubelet answers what the API server asks a node for: logs, exec and port-forward of the pods that KWOK simulates.
//
// KWOK has a server for this too, which is not used: it asks nobody for a certificate, so that every user of the machine
// could run commands as the sandbox's user; it loses exit codes and the end of a terminal's output, and it has logs of
// containers that never started. The Logs and PortForward objects that it knows mean the same here.
type kubelet struct {
	pods       kubernetes.Interface
	settings   versioned.Interface
	commonLog  string
	execFolder string
}

// kubeletOptions are the flags that follow `--` after those of KWOK.
type kubeletOptions struct {
	address, kubeconfig, clientCA, certificate, key string
	commonLog, execFolder                           string
}

func runKubelet(ctx context.Context, arguments []string) error {
	options := kubeletOptions{}
	flags := flag.NewFlagSet("kubelet", flag.ContinueOnError)
	flags.StringVar(&options.address, "address", "", "where to listen")
	flags.StringVar(&options.kubeconfig, "kubeconfig", "", "how to ask the API server for pods")
	flags.StringVar(&options.clientCA, "client-ca-file", "", "who signed the API server's certificate")
	flags.StringVar(&options.certificate, "tls-cert-file", "", "own certificate")
	flags.StringVar(&options.key, "tls-private-key-file", "", "its key")
	flags.StringVar(&options.commonLog, "common-log", "", "what containers say that no Logs object tells of")
	flags.StringVar(&options.execFolder, "exec-folder", "", "where commands run, and their home")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	server, err := newKubelet(options)
	if err != nil {
		return err
	}
	return server.serve(ctx, options)
}

func newKubelet(options kubeletOptions) (*kubelet, error) {
	config, err := clientcmd.BuildConfigFromFlags("", options.kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	pods, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	settings, err := versioned.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &kubelet{pods, settings, options.commonLog, options.execFolder}, nil
}

func (k *kubelet) serve(ctx context.Context, options kubeletOptions) error {
	authority, err := os.ReadFile(options.clientCA)
	if err != nil {
		return err
	}
	known := x509.NewCertPool()
	known.AppendCertsFromPEM(authority)
	server := &http.Server{
		Addr:              options.address,
		Handler:           k.routes(),
		ReadHeaderTimeout: 5 * time.Second,
		TLSConfig: &tls.Config{
			ClientAuth: tls.RequireAndVerifyClientCert,
			ClientCAs:  known,
			MinVersion: tls.VersionTLS13,
			NextProtos: []string{"http/1.1"}, // an upgraded connection cannot share HTTP/2's
		},
	}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	err = server.ListenAndServeTLS(options.certificate, options.key)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (k *kubelet) routes() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	routes.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", k.containerLogs)
	routes.HandleFunc("/exec/{namespace}/{pod}/{container}", k.exec)
	routes.HandleFunc("/portForward/{namespace}/{pod}", k.portForward)
	return routes
}

// container is a container of a pod as it was when it was asked for; its status is nil if it never had one.
type container struct {
	pod    *corev1.Pod
	spec   *corev1.Container
	status *corev1.ContainerStatus
}

// failure is an answer other than 200; a kubelet's failures are plain text.
type failure struct {
	code    int
	message string
}

func (f *failure) Error() string { return f.message }

func fail(w http.ResponseWriter, err error) {
	code := http.StatusInternalServerError
	if known := (*failure)(nil); errors.As(err, &known) {
		code = known.code
	}
	http.Error(w, err.Error(), code)
}

func (k *kubelet) pod(ctx context.Context, namespace, name string) (*corev1.Pod, error) {
	pod, err := k.pods.CoreV1().Pods(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, &failure{http.StatusNotFound, fmt.Sprintf("pod %q not found", name)}
	}
	return pod, err
}

func (k *kubelet) container(ctx context.Context, request *http.Request) (*container, error) {
	pod, err := k.pod(ctx, request.PathValue("namespace"), request.PathValue("pod"))
	if err != nil {
		return nil, err
	}
	name := request.PathValue("container")
	found := &container{pod: pod, status: statusOf(pod, name)}
	for _, group := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range group {
			if group[i].Name == name {
				found.spec = &group[i]
			}
		}
	}
	if found.spec == nil {
		message := fmt.Sprintf("container %q in pod %q is not valid", name, pod.Name)
		return nil, &failure{http.StatusNotFound, message}
	}
	return found, nil
}

func statusOf(pod *corev1.Pod, name string) *corev1.ContainerStatus {
	for _, group := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range group {
			if group[i].Name == name {
				return &group[i]
			}
		}
	}
	return nil
}
