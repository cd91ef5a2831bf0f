// A client of Callkeeper with Go's standard library alone, after docs/api.md:
//
//	go run client.go CAMPAIGN
//	go run client.go check
//
// CALLKEEPER_URL, CALLKEEPER_AK, CALLKEEPER_SK and CALLKEEPER_VDN say which server, and as whom;
// CALLKEEPER_CA names a certificate to trust. It prints one line of JSON for each step.
// With `check` it sends nothing, and signs the requests of "To check a signer" in docs/api.md.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"sort"
	"strconv"
	"strings"
	"time"
)

// The server takes all eight forms. A client needs one of them, such as the zero value.
type form struct{ threeHeaders, milliseconds, emptyQueryLine bool }

type fields map[string]any

type client struct {
	http               *http.Client
	url, ak, sk, vdnID string
}

const (
	contentType = "application/json; charset=UTF-8"
	hour        = int64(3_600_000)
)

var (
	plain = form{}
	full  = form{threeHeaders: true, milliseconds: true, emptyQueryLine: true}
)

func main() {
	c := client{http.DefaultClient, os.Getenv("CALLKEEPER_URL"), os.Getenv("CALLKEEPER_AK"),
		os.Getenv("CALLKEEPER_SK"), os.Getenv("CALLKEEPER_VDN")}
	if ca := os.Getenv("CALLKEEPER_CA"); ca != "" {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(must(os.ReadFile(ca)))
		c.http = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	}
	if os.Args[1] == "check" {
		c.check()
	} else {
		c.play(os.Args[1])
	}
}

func (c client) play(campaign string) {
	at := time.Now().UnixMilli() + hour
	page := fields{"offset": 0, "limit": 10}
	stranger := c
	stranger.sk = "not " + c.sk
	stranger.post("wrong signature", "/appoint/list", page, plain)

	manual := c.post("create manual", "/appoint/create", fields{
		"callType": 1, "calledNo": "66660001", "userAccount": "ann", "taskId": campaign,
		"appointTime": at, "remark": "回访 A&B"}, plain)
	callData := must(json.Marshal(fields{"name": "张三"}))
	automatic := c.post("create automatic", "/appoint/create", fields{
		"callType": 2, "calledNo": "66660002", "userAccount": "ann", "taskId": campaign,
		"appointTime": at + hour, "callData": string(callData)}, full)

	for bits := 0; bits < 8; bits++ {
		c.post("list", "/appoint/list", fields{
			"calledNo": "66660001", "userAccountList": []string{"ann", "bob"}, "taskId": campaign,
			"beginTime": at, "endTime": at + hour, "offset": 0, "limit": 10},
			form{bits&1 != 0, bits&2 != 0, bits&4 != 0})
	}

	c.post("update", "/appoint/update",
		fields{"appointId": manual, "appointTime": at + 1, "remark": "改期"}, full)
	c.post("define a business result", "/addBusinessResult",
		fields{"name": "成交", "code": "sold"}, plain)
	c.post("update result", "/appoint/updateResult",
		fields{"appointId": manual, "failCode": "00000", "busiResult": "sold"}, plain)
	c.post("delete", "/appoint/delete", fields{"appointId": automatic}, full)

	c.call("query campaigns", "GET", "", map[string]string{"name": "回访 A+B", "status": "2",
		"deviceType": "0", "beginTime": "", "curPage": "1", "rowsPerPage": "10"}, "", plain)
	c.call("pause", "PUT", "/"+campaign+"/pause", nil, "", plain)
	c.post("list all", "/appoint/list", page, plain)
}

// post sends fields and returns the id of the reservation that the answer names, if it does.
func (c client) post(step, path string, what fields, how form) string {
	return c.call(step, "POST", path, nil, string(must(json.Marshal(what))), how)
}

func (c client) call(
	step, method, path string, query map[string]string, body string, how form) string {
	path = c.root() + path
	address := c.url + path
	if len(query) > 0 {
		address += "?" + encoded(query)
	}
	request := must(http.NewRequest(method, address, strings.NewReader(body)))
	signed := map[string]string{"host": request.Host}
	if how.threeHeaders {
		signed["content-type"] = contentType
		signed["content-length"] = strconv.Itoa(len(body))
	}
	request.Header.Set("Authorization",
		c.authorization(now(how), method, path, query, signed, body, how))
	request.Header.Set("Content-Type", contentType)
	response := must(c.http.Do(request))
	defer response.Body.Close()
	text := must(io.ReadAll(response.Body))
	fmt.Printf("{\"step\":%q,\"status\":%d,\"answer\":%s}\n", step, response.StatusCode, text)
	var answer struct{ ReturnObject struct{ AppointID string } }
	if err := json.Unmarshal(text, &answer); err != nil {
		log.Fatal(err)
	}
	return answer.ReturnObject.AppointID
}

func (c client) check() {
	host := strings.TrimPrefix(strings.TrimPrefix(c.url, "http://"), "https://")
	fmt.Println(c.authorization("2025-05-15T12:00:00Z", "GET", c.root(), map[string]string{
		"status": "2", "deviceType": "0", "name": "回访 A+B", "beginTime": ""},
		map[string]string{"host": host}, "", plain))
	body := `{"callType":1,"calledNo":"66660001","userAccount":"ann","taskId":"1",` +
		`"appointTime":1893578400000,"remark":"回访 A&B"}`
	fmt.Println(c.authorization("2025-05-15T12:00:00.123Z", "POST", c.root()+"/appoint/create", nil,
		map[string]string{"host": host, "content-type": contentType,
			"content-length": strconv.Itoa(len(body))}, body, plain))
}

func (c client) root() string { return "/rest/isales/v1/openapi/campaigns/" + c.vdnID }

func now(how form) string {
	layout := "2006-01-02T15:04:05Z"
	if how.milliseconds {
		layout = "2006-01-02T15:04:05.000Z"
	}
	return time.Now().UTC().Format(layout)
}

func (c client) authorization(timestamp, method, path string, query, headers map[string]string,
	body string, how form) string {
	var names, pairs []string
	for name, value := range headers {
		names = append(names, name)
		pairs = append(pairs, enc(name)+":"+enc(value))
	}
	sort.Strings(names)
	sort.Strings(pairs)
	signedHeaders := strings.Join(names, ";")
	prefix := strings.Join([]string{"auth-v2", c.ak, timestamp, signedHeaders}, "/")

	lines := []string{method, path}
	if len(query) > 0 || how.emptyQueryLine {
		lines = append(lines, encoded(query))
	}
	lines = append(append(append(lines, signedHeaders), pairs...), enc(body))
	return prefix + "/" + mac(mac(c.sk, prefix), strings.Join(lines, "\n"))
}

func encoded(query map[string]string) string {
	var pairs []string
	for name, value := range query {
		pairs = append(pairs, enc(name)+"="+enc(value))
	}
	sort.Strings(pairs)
	return strings.Join(pairs, "&")
}

func enc(text string) string {
	const kept = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	var made strings.Builder
	for _, each := range []byte(text) {
		if strings.IndexByte(kept, each) >= 0 {
			made.WriteByte(each)
		} else {
			fmt.Fprintf(&made, "%%%02X", each)
		}
	}
	return made.String()
}

func mac(key, text string) string {
	made := hmac.New(sha256.New, []byte(key))
	made.Write([]byte(text))
	return hex.EncodeToString(made.Sum(nil))
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
