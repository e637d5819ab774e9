// What Go makes of our domains: reads one from standard input, and writes
//
//	libvirtxml   the domain as libvirtxml reads and writes it: what KubeVirt's plugin pipeline gives us, and makes of our
//	             reply before libvirt gets it
//	kubevirt     its passthrough devices as JSON, as encoding/xml reads them into KubeVirt's own structure
//	             (pkg/virt-launcher/virtwrap/api/schema.go)
//
// Fails with the library's words where it refuses the domain.
package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"os"

	libvirtxml "github.com/libvirt/libvirt-go-xml"
)

type address struct {
	Type     string `xml:"type,attr,omitempty" json:",omitempty"`
	Domain   string `xml:"domain,attr,omitempty" json:",omitempty"`
	Bus      string `xml:"bus,attr,omitempty" json:",omitempty"`
	Slot     string `xml:"slot,attr,omitempty" json:",omitempty"`
	Function string `xml:"function,attr,omitempty" json:",omitempty"`
	UUID     string `xml:"uuid,attr,omitempty" json:",omitempty"`
}

type hostDevice struct {
	XMLName xml.Name `xml:"hostdev" json:"-"`
	Source  struct {
		Address *address `xml:"address,omitempty" json:",omitempty"`
	} `xml:"source"`
	Type    string `xml:"type,attr"`
	Managed string `xml:"managed,attr,omitempty" json:",omitempty"`
	Mode    string `xml:"mode,attr,omitempty" json:",omitempty"`
	Model   string `xml:"model,attr,omitempty" json:",omitempty"`
	Display string `xml:"display,attr,omitempty" json:",omitempty"`
	RamFB   string `xml:"ramfb,attr,omitempty" json:",omitempty"`
	Address *address `xml:"address,omitempty" json:",omitempty"`
	Alias   *struct {
		Name string `xml:"name,attr"`
	} `xml:"alias,omitempty" json:",omitempty"`
}

type domainSpec struct {
	XMLName xml.Name `xml:"domain"`
	Name    string   `xml:"name"`
	Devices struct {
		HostDevices []hostDevice `xml:"hostdev"`
	} `xml:"devices"`
}

func throughLibvirtxml(text []byte) (string, error) {
	domain := &libvirtxml.Domain{}
	if err := domain.Unmarshal(string(text)); err != nil {
		return "", err
	}
	return domain.Marshal()
}

func throughKubeVirt(text []byte) (string, error) {
	spec := &domainSpec{}
	if err := xml.Unmarshal(text, spec); err != nil {
		return "", err
	}
	devices, err := json.Marshal(spec.Devices.HostDevices)
	return string(devices), err
}

func main() {
	ways := map[string]func([]byte) (string, error){"libvirtxml": throughLibvirtxml, "kubevirt": throughKubeVirt}
	if len(os.Args) != 2 || ways[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: main libvirtxml|kubevirt <DOMAIN")
		os.Exit(64)
	}
	text, err := io.ReadAll(os.Stdin)
	if err == nil {
		var result string
		if result, err = ways[os.Args[1]](text); err == nil {
			fmt.Println(result)
			return
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
