// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mails as people send patches, parsed by GMime: quoted-printable and base64,
 * attachments, nested mails, encoded and folded headers, format=flowed.  An mbox
 * is split as git mailsplit does it: a line "From " counts only with a date, so
 * a sentence that starts with "From" splits nothing.  Each mail is a patch.
 *
 * The text of a mail is read strictly, like a diff.  Other parts are read if
 * they hold a diff; what may hold one and cannot be read (encrypted, packed,
 * broken, HTML) is named, never passed over.
 */
#include <gmime/gmime.h>
#include <string.h>

#include "text/mailread.h"

struct box {
	struct pr_set *set;
	struct pr_error *err;
	guint marks;		/* headers of hunks in the parts so far */
};

struct mail {
	struct box *box;
	struct pr_patch *patch;
	guint body;		/* line where the body of the mail starts, or 0 */
};

/* ---- lines ---- */

static gboolean is_hex(const char *s, gsize n)
{
	for (gsize i = 0; i < n; i++)
		if (!g_ascii_isxdigit(s[i]))
			return FALSE;
	return TRUE;
}

static gsize line_length(const char *s, const char *end)
{
	const char *nl = memchr(s, '\n', end - s);

	return (nl ? nl : end) - s;
}

static const char *line_after(const char *s, const char *end)
{
	s += line_length(s, end);
	return s < end ? s + 1 : end;
}

static guint count_lines(const char *from, const char *to)
{
	guint n = 0;

	for (; from < to; from++)
		n += *from == '\n';
	return n;
}

static gboolean starts(const char *s, const char *end, const char *with)
{
	gsize n = strlen(with);

	return (gsize)(end - s) >= n && !memcmp(s, with, n);
}

/* "From HASH ..." as git writes it, or "From SENDER ... 00:00:00 2001". */
static gboolean starts_mail(const char *s, const char *end)
{
	gsize n = line_length(s, end);

	if (!starts(s, end, "From "))
		return FALSE;
	if (n && s[n - 1] == '\r')
		n--;
	if (n > 45 && is_hex(s + 5, 40) && s[45] == ' ')
		return TRUE;
	return n > 24 && g_ascii_isdigit(s[n - 1]) &&
	       g_ascii_isdigit(s[n - 4]) && s[n - 5] == ' ' &&
	       s[n - 8] == ':' && s[n - 11] == ':';
}

/* "Name: value" */
static gboolean is_header(const char *s, const char *end)
{
	const char *p = s;

	while (p < end && (g_ascii_isalnum(*p) || *p == '-'))
		p++;
	return p > s && p < end && *p == ':';
}

/* Does a text start with the headers of a mail, without a line "From "? */
static gboolean starts_headers(const char *s, const char *end)
{
	static const char *const names[] = {
		"Subject:", "From:", "Message-ID:", "Message-Id:",
		"MIME-Version:", "Content-Type:",
	};

	while (s < end && (*s == '\n' || *s == '\r'))
		s++;
	for (; s < end && *s != '\n' && *s != '\r'; s = line_after(s, end)) {
		if (*s != ' ' && *s != '\t' && !is_header(s, end))
			return FALSE;
		for (guint i = 0; i < G_N_ELEMENTS(names); i++)
			if (starts(s, end, names[i]))
				return TRUE;
	}
	return FALSE;
}

/* How many lines look like the header of a hunk? */
static guint count_marks(const char *s, gsize size)
{
	const char *end = s + size;
	guint n = 0;

	for (; s < end; s = line_after(s, end))
		n += starts(s, end, "@@ -");
	return n;
}

/* Has the text a line of a diff's head, or of a hunk's? */
static gboolean has_diff(const char *s, gsize size)
{
	const char *end = s + size;

	for (; s < end; s = line_after(s, end)) {
		if (starts(s, end, "diff --git ") || starts(s, end, "@@ -") ||
		    starts(s, end, "Index: "))
			return TRUE;
		if (starts(s, end, "--- ") &&
		    starts(line_after(s, end), end, "+++ "))
			return TRUE;
	}
	return FALSE;
}

static int G_GNUC_PRINTF(3, 4) fail(struct box *b, guint line,
				    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	g_vsnprintf(b->err->text, sizeof(b->err->text), fmt, ap);
	va_end(ap);
	b->err->line = line;
	return -1;
}

/* ---- one part ---- */

struct part {
	GMimePart *mime;
	char *name;		/* for messages */
	const char *type, *subtype;
	GMimeContentEncoding encoding;
};

static void unread(struct mail *m, const struct part *p, const char *why)
{
	g_ptr_array_add(m->patch->unread, g_strdup_printf(
		"the part %s may hold a diff and is not judged: %s",
		p ? p->name : "of the mail", why));
}

static gboolean is_type(const struct part *p, const char *const *list)
{
	char *full = g_strdup_printf("%s/%s", p->type, p->subtype);
	gboolean yes = FALSE;

	for (; *list && !yes; list++)
		yes = !g_ascii_strcasecmp(*list, full);
	g_free(full);
	return yes;
}

static gboolean has_end(const char *name, const char *const *ends)
{
	char *low = g_ascii_strdown(name ? name : "", -1);
	gboolean yes = FALSE;

	for (; *ends && !yes; ends++)
		yes = g_str_has_suffix(low, *ends);
	g_free(low);
	return yes;
}

/* What nobody looks into: why, or NULL. */
static const char *closed(const struct part *p)
{
	static const char *const sealed[] = {
		"application/pgp-encrypted", "application/pkcs7-mime",
		"application/x-pkcs7-mime", NULL
	};
	static const char *const packed[] = {
		"application/gzip", "application/x-gzip", "application/zip",
		"application/x-zip-compressed", "application/x-xz",
		"application/x-bzip2", "application/zstd", "application/x-tar",
		"application/x-compressed-tar", "application/x-7z-compressed",
		NULL
	};
	static const char *const ends[] = {
		".gz", ".xz", ".bz2", ".zst", ".zip", ".tar", ".tgz", ".7z",
		NULL
	};
	static const char *const elsewhere[] = { "message/external-body", NULL };

	if (is_type(p, sealed))
		return "it is encrypted; decrypt the mail first";
	if (is_type(p, packed) ||
	    has_end(g_mime_part_get_filename(p->mime), ends))
		return "it is packed; unpack it first";
	return is_type(p, elsewhere) ? "its text is not in the mail" : NULL;
}

/* The decoded bytes; @raw: as they are in the mail. */
static GByteArray *content(const struct part *p, gboolean raw)
{
	GMimeDataWrapper *w = g_mime_part_get_content(p->mime);
	GMimeStream *mem = g_mime_stream_mem_new();
	GByteArray *bytes;

	if (w && raw) {
		GMimeStream *in = g_mime_data_wrapper_get_stream(w);

		g_mime_stream_reset(in);
		g_mime_stream_write_to_stream(in, mem);
		g_mime_stream_reset(in);
	} else if (w) {
		g_mime_data_wrapper_write_to_stream(w, mem);
	}
	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(mem), FALSE);
	bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(mem));
	g_object_unref(mem);
	/* Never a null pointer, also without a byte. */
	g_byte_array_append(bytes, (const guint8 *)"", 1);
	return g_byte_array_set_size(bytes, bytes->len - 1);
}

static gboolean is_base64(const GByteArray *b)
{
	guint n = 0, pad = 0;

	for (guint i = 0; i < b->len; i++) {
		guint8 c = b->data[i];

		if (g_ascii_isspace(c))
			continue;
		if (c == '=')
			pad++;
		else if (pad || !(g_ascii_isalnum(c) || c == '+' || c == '/'))
			return FALSE;
		n++;
	}
	return n % 4 == 0 && pad <= 2;
}

/* "=3D", and "=" at the end of a line, perhaps behind it blanks. */
static gboolean is_quoted_printable(const GByteArray *b)
{
	for (guint i = 0; i < b->len; i++) {
		guint k = i + 1;

		if (b->data[i] != '=')
			continue;
		if (k + 1 < b->len && g_ascii_isxdigit(b->data[k]) &&
		    g_ascii_isxdigit(b->data[k + 1]))
			continue;
		while (k < b->len && (b->data[k] == ' ' || b->data[k] == '\t' ||
				      b->data[k] == '\r'))
			k++;
		if (k < b->len && b->data[k] != '\n')
			return FALSE;
	}
	return TRUE;
}

/* Why a part cannot be decoded, or NULL. */
static const char *broken(const struct part *p)
{
	const char *name = g_mime_object_get_header(GMIME_OBJECT(p->mime),
						    "Content-Transfer-Encoding");
	const char *why = NULL;
	GByteArray *raw;

	if (p->encoding == GMIME_CONTENT_ENCODING_DEFAULT)
		return name && *name ? "its encoding is unknown" : NULL;
	if (p->encoding != GMIME_CONTENT_ENCODING_BASE64 &&
	    p->encoding != GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE)
		return NULL;
	raw = content(p, TRUE);
	if (p->encoding == GMIME_CONTENT_ENCODING_BASE64 && !is_base64(raw))
		why = "its base64 is broken";
	if (p->encoding == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE &&
	    !is_quoted_printable(raw))
		why = "its quoted-printable is broken";
	g_byte_array_free(raw, TRUE);
	return why;
}

/* Bytes of a charset as UTF-8; NULL if they are not what they say. */
static GString *to_utf8(const struct part *p, const GByteArray *b)
{
	const char *charset = g_mime_object_get_content_type_parameter(
				GMIME_OBJECT(p->mime), "charset");
	char *text;
	gsize size;

	if (g_utf8_validate((char *)b->data, b->len, NULL) || !charset)
		return g_string_new_len((char *)b->data, b->len);
	text = g_convert((char *)b->data, b->len, "UTF-8", charset, NULL,
			 &size, NULL);
	if (text) {
		GString *s = g_string_new_len(text, size);

		g_free(text);
		return s;
	}
	return NULL;
}

/* Text that was encoded has CR LF at the end of each line: LF alone then. */
static void drop_returns(GString *s)
{
	gsize out = 0;

	for (gsize i = 0; i < s->len; i++)
		if (s->str[i] == '\n' && (!i || s->str[i - 1] != '\r'))
			return;
	for (gsize i = 0; i < s->len; i++)
		if (s->str[i] != '\r' || i + 1 == s->len ||
		    s->str[i + 1] != '\n')
			s->str[out++] = s->str[i];
	g_string_truncate(s, out);
}

/* ---- format=flowed ---- */

enum { FLOW_JOIN, FLOW_JOIN_TEXT, FLOW_STUFFED, FLOW_RAW, N_FLOW };

static gboolean is_blank(const char *s, gsize n)
{
	for (gsize i = 0; i < n; i++)
		if (s[i] != ' ')
			return FALSE;
	return TRUE;
}

/*
 * RFC 3676: a line that ends with a blank goes on in the next one, and a blank
 * at the start is taken off.  Senders disagree about diffs, so less of it is
 * undone (FLOW_JOIN_TEXT: a line that starts like one of a diff is its own;
 * FLOW_STUFFED: no line goes on) until the counts of the hunks hold.
 */
static GString *unflow(const GString *in, int how, gboolean del)
{
	const char *s = in->str, *end = s + in->len;
	GString *out = g_string_sized_new(in->len + 1);

	for (; s < end; s = line_after(s, end)) {
		const char *next = line_after(s, end);
		gsize n = line_length(s, end);
		const char *l = s;

		if (n && l[n - 1] == '\r')
			n--;
		if (n && *l == ' ') {
			l++;
			n--;
		}
		if (how == FLOW_STUFFED || !n || l[n - 1] != ' ' ||
		    is_blank(l, n) || (n == 3 && !memcmp(l, "-- ", 3)) ||
		    (how == FLOW_JOIN_TEXT && next < end &&
		     strchr("+-@\\ ", *next))) {
			g_string_append_len(out, l, n);
			g_string_append_c(out, '\n');
			continue;
		}
		g_string_append_len(out, l, n - (del ? 1 : 0));
	}
	return out;
}

/* Can the text be read as diffs?  If not, why: in *@err. */
static gboolean is_readable(const GString *text, struct pr_error *err)
{
	struct pr_set *s = pr_set_new();
	struct pr_patch *p = pr_patch_new(1);
	gboolean yes = !pr_add(s, p, text->str, text->len, 1, 0, err) &&
		       p->files->len;

	if (!yes && !err->text[0])
		g_strlcpy(err->text, "there is no whole diff in it",
			  sizeof(err->text));
	pr_patch_free(p);
	pr_free(s);
	return yes;
}

static gboolean is_flowed(const struct part *p)
{
	const char *format = g_mime_object_get_content_type_parameter(
				GMIME_OBJECT(p->mime), "format");

	return format && !g_ascii_strcasecmp(format, "flowed");
}

/* The text with its lines as they were written, in place of @text. */
static GString *reflow(const struct part *p, GString *text)
{
	const char *del = g_mime_object_get_content_type_parameter(
				GMIME_OBJECT(p->mime), "delsp");

	for (int how = 0; how < FLOW_RAW; how++) {
		GString *try = unflow(text, how, del &&
				      !g_ascii_strcasecmp(del, "yes"));
		struct pr_error err = { 0 };

		if (is_readable(try, &err)) {
			g_string_free(text, TRUE);
			return try;
		}
		g_string_free(try, TRUE);
	}
	return text;
}

/* ---- parts of a mail ---- */

/* Is it the text of the mail itself, as it stands in the file? */
static gboolean is_plain_body(const struct mail *m, const struct part *p)
{
	return m->body && !is_flowed(p) &&
	       g_ascii_strcasecmp(p->subtype, "html") &&
	       p->encoding != GMIME_CONTENT_ENCODING_BASE64 &&
	       p->encoding != GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE &&
	       p->encoding != GMIME_CONTENT_ENCODING_UUENCODE;
}

/* Read the diffs of a text; takes it over. */
static int take_text(struct mail *m, const struct part *p, GString *text)
{
	struct pr_error err = { 0 };
	gsize size = text->len;
	char *s;

	if (!is_plain_body(m, p) && !is_readable(text, &err)) {
		unread(m, p, err.text);
		g_string_free(text, TRUE);
		return 0;
	}
	s = g_string_free(text, FALSE);
	g_ptr_array_add(m->box->set->texts, s);
	return pr_add(m->box->set, m->patch, s, size, m->body, 0,
		      m->box->err);
}

/* HTML hides the start of a line. */
static gboolean may_hold_diff(const struct part *p, const GByteArray *b)
{
	const char *s = (char *)b->data;

	if (has_diff(s, b->len))
		return TRUE;
	return !g_ascii_strcasecmp(p->subtype, "html") &&
	       (g_strstr_len(s, b->len, "diff --git ") ||
		g_strstr_len(s, b->len, "@@ -"));
}

static int take_decoded(struct mail *m, const struct part *p,
			const GByteArray *b)
{
	GString *text;

	if (p->encoding != GMIME_CONTENT_ENCODING_BASE64 &&
	    p->encoding != GMIME_CONTENT_ENCODING_UUENCODE)
		m->box->marks += count_marks((char *)b->data, b->len);
	text = to_utf8(p, b);
	if (!text) {
		unread(m, p, "its bytes are not of its charset");
		return 0;
	}
	if (!is_plain_body(m, p)) {
		GByteArray as = { (guint8 *)text->str, text->len };

		if (!may_hold_diff(p, &as)) {
			g_string_free(text, TRUE);
			return 0;
		}
		if (!g_ascii_strcasecmp(p->subtype, "html")) {
			unread(m, p, "it is HTML; send the patch as plain text");
			g_string_free(text, TRUE);
			return 0;
		}
		drop_returns(text);
	}
	if (is_flowed(p) && has_diff(text->str, text->len))
		text = reflow(p, text);
	return take_text(m, p, text);
}

static int take_part(struct mail *m, GMimePart *mime)
{
	GMimeContentType *type = g_mime_object_get_content_type(
					GMIME_OBJECT(mime));
	const char *file = g_mime_part_get_filename(mime), *why;
	struct part p = { .mime = mime };
	GByteArray *b;
	int ret = 0;

	p.type = type ? g_mime_content_type_get_media_type(type) : "text";
	p.subtype = type ? g_mime_content_type_get_media_subtype(type) :
			   "plain";
	p.type = p.type ? p.type : "text";
	p.subtype = p.subtype ? p.subtype : "plain";
	p.encoding = g_mime_part_get_content_encoding(mime);
	p.name = file ? g_strdup_printf("'%s'", file) :
			g_strdup_printf("of type %s/%s", p.type, p.subtype);
	why = closed(&p);
	if (!why)
		why = broken(&p);
	if (why) {
		unread(m, &p, why);
		b = content(&p, TRUE);
		m->box->marks += count_marks((char *)b->data, b->len);
		g_byte_array_free(b, TRUE);
	} else {
		b = content(&p, FALSE);
		ret = take_decoded(m, &p, b);
		g_byte_array_free(b, TRUE);
	}
	g_free(p.name);
	return ret;
}

static int take_message(struct box *b, GMimeMessage *message, char *commit,
			guint line, guint body);

static gboolean is_plain_text(GMimeObject *o)
{
	GMimeContentType *type = g_mime_object_get_content_type(o);

	return type && g_mime_content_type_is_type(type, "text", "plain");
}

static int take_object(struct mail *m, GMimeObject *o);

static int take_multipart(struct mail *m, GMimeMultipart *parts)
{
	GMimeContentType *type = g_mime_object_get_content_type(
					GMIME_OBJECT(parts));
	int n = g_mime_multipart_get_count(parts), ret = 0;
	gboolean plain = FALSE;

	if (GMIME_IS_MULTIPART_ENCRYPTED(parts)) {
		unread(m, NULL, "it is encrypted; decrypt the mail first");
		return 0;
	}
	if (!n)
		unread(m, NULL, "its parts cannot be told apart");
	/* One text in several forms: the plain one. */
	if (type && g_mime_content_type_is_type(type, "multipart",
						"alternative"))
		for (int i = 0; i < n; i++)
			plain |= is_plain_text(
				g_mime_multipart_get_part(parts, i));
	for (int i = 0; i < n && !ret; i++) {
		GMimeObject *o = g_mime_multipart_get_part(parts, i);

		type = g_mime_object_get_content_type(o);
		if (plain && type &&
		    g_mime_content_type_is_type(type, "text", "html")) {
			struct part p = { .mime = GMIME_PART(o) };
			GByteArray *b = content(&p, FALSE);

			m->box->marks += count_marks((char *)b->data, b->len);
			g_byte_array_free(b, TRUE);
			continue;
		}
		ret = take_object(m, o);
	}
	return ret;
}

/* Any part but a plain body is judged leniently: its lines are not the file's. */
static int take_object(struct mail *m, GMimeObject *o)
{
	if (GMIME_IS_MULTIPART(o)) {
		m->body = 0;
		return take_multipart(m, GMIME_MULTIPART(o));
	}
	if (GMIME_IS_MESSAGE_PARTIAL(o)) {
		unread(m, NULL, "it is a part of a mail that was cut");
		return 0;
	}
	if (GMIME_IS_MESSAGE_PART(o)) {
		GMimeMessage *inner = g_mime_message_part_get_message(
					GMIME_MESSAGE_PART(o));

		if (inner)
			return take_message(m->box, inner, NULL,
					    m->patch->line, 0);
		unread(m, NULL, "the mail in it cannot be read");
		return 0;
	}
	return GMIME_IS_PART(o) ? take_part(m, GMIME_PART(o)) : 0;
}

/* ---- mails ---- */

/* A header's text on one line. */
static char *one_line(const char *s)
{
	char *valid = s ? g_utf8_make_valid(s, -1) : NULL, *out;
	char **words;

	if (!valid)
		return NULL;
	words = g_strsplit_set(valid, " \t\r\n", -1);
	out = NULL;
	for (char **w = words; *w; w++) {
		char *more;

		if (!**w)
			continue;
		more = out ? g_strconcat(out, " ", *w, NULL) : g_strdup(*w);
		g_free(out);
		out = more;
	}
	g_strfreev(words);
	g_free(valid);
	return out;
}

/* Add the patch to the set if it has files, or parts that were not read. */
static int add_patch(struct box *b, struct pr_patch *p, int ret)
{
	if (ret || (!p->files->len && !p->unread->len)) {
		pr_patch_free(p);
		return ret;
	}
	if (b->set->patches->len == PR_MAX_PATCHES) {
		ret = fail(b, p->line, "more than %u patches", PR_MAX_PATCHES);
		pr_patch_free(p);
		return ret;
	}
	g_ptr_array_add(b->set->patches, p);
	return 0;
}

/* @commit is taken over; @body: the line of the body, 0 if it has none. */
static int take_message(struct box *b, GMimeMessage *message, char *commit,
			guint line, guint body)
{
	InternetAddressList *from = g_mime_message_get_from(message);
	GMimeObject *top = g_mime_message_get_mime_part(message);
	struct mail m = { .box = b, .patch = pr_patch_new(line),
			  .body = body };
	char *author = from ? internet_address_list_to_string(from, NULL,
							      FALSE) : NULL;

	m.patch->subject = one_line(g_mime_message_get_subject(message));
	m.patch->author = one_line(author);
	m.patch->commit = commit;
	g_free(author);
	return add_patch(b, m.patch, top ? take_object(&m, top) : 0);
}

static GMimeMessage *parse(const char *s, gsize size)
{
	GMimeStream *mem = g_mime_stream_mem_new_with_buffer(s, size);
	GMimeParser *parser = g_mime_parser_new_with_stream(mem);
	GMimeMessage *message;

	g_mime_parser_set_format(parser, GMIME_FORMAT_MESSAGE);
	g_mime_parser_set_persist_stream(parser, FALSE);
	message = g_mime_parser_construct_message(parser, NULL);
	g_object_unref(parser);
	g_object_unref(mem);
	return message;
}

/*
 * Hunks of a mail stand in no part of it: before the first one, say.  Its
 * patches are those from @before on.
 */
static int note_outside(struct box *b, GMimeMessage *message, guint line,
			guint before)
{
	static const char why[] = "lines of a diff stand outside of its parts";
	struct mail m = { .box = b };

	if (before < b->set->patches->len) {
		m.patch = b->set->patches->pdata[before];
		if (!m.patch->unread->len)
			unread(&m, NULL, why);
		return 0;
	}
	m.patch = pr_patch_new(line);
	m.patch->subject = one_line(g_mime_message_get_subject(message));
	unread(&m, NULL, why);
	return add_patch(b, m.patch, 0);
}

/* One mail at @s, which starts at line @line of the file. */
static int take_mail(struct box *b, const char *s, const char *end,
		     guint line)
{
	guint marks = b->marks, before = b->set->patches->len;
	const char *body, *start = s;
	char *commit = NULL;
	GMimeMessage *message;
	int ret;

	if (starts_mail(s, end)) {
		if (line_length(s, end) > 45 && is_hex(s + 5, 40))
			commit = g_strndup(s + 5, 40);
		s = line_after(s, end);
	}
	for (body = s; body < end && *body != '\n' && !starts(body, end, "\r\n"); )
		body = line_after(body, end);
	body = line_after(body, end);
	message = parse(s, end - s);
	if (!message) {
		g_free(commit);
		return has_diff(s, end - s) ?
		       fail(b, line, "the mail cannot be read") : 0;
	}
	ret = take_message(b, message, commit, line,
			   line + count_lines(start, body));
	if (!ret && count_marks(body, end - body) > b->marks - marks)
		ret = note_outside(b, message, line, before);
	g_object_unref(message);
	return ret;
}

/* What stands before the first mail of an mbox. */
static int take_front(struct box *b, const char *s, const char *end)
{
	struct pr_patch *p;

	if (starts_headers(s, end))
		return take_mail(b, s, end, 1);
	p = pr_patch_new(1);
	return add_patch(b, p, pr_add(b->set, p, s, end - s, 1, 0, b->err));
}

static int take_box(struct box *b, const char *s, const char *end)
{
	const char *mail = NULL, *from = s;
	guint line = 1, at = 1;
	int ret = 0;

	for (; s < end && !ret; s = line_after(s, end), line++) {
		if (!starts_mail(s, end))
			continue;
		if (mail)
			ret = take_mail(b, mail, s, at);
		else if (s > from)
			ret = take_front(b, from, s);
		mail = s;
		at = line;
	}
	if (ret)
		return ret;
	return mail ? take_mail(b, mail, end, at) : take_front(b, from, end);
}

/* Is it mail at all?  A diff is read as it is. */
static gboolean is_mail(const char *s, const char *end)
{
	if (starts_headers(s, end))
		return TRUE;
	for (; s < end; s = line_after(s, end))
		if (starts_mail(s, end))
			return TRUE;
	return FALSE;
}

struct pr_set *mail_read(const char *buf, gsize size, struct pr_error *err)
{
	static gsize started;
	struct box b = { .err = err };

	if (size > PR_MAX_SIZE || !is_mail(buf, buf + size))
		return pr_read(buf, size, 0, err);
	if (g_once_init_enter(&started)) {
		g_mime_init();
		g_once_init_leave(&started, 1);
	}
	b.set = pr_set_new();
	if (!take_box(&b, buf, buf + size) && b.set->patches->len)
		return b.set;
	if (!err->text[0])
		fail(&b, count_lines(buf, buf + size), "there is no diff in it");
	pr_free(b.set);
	return NULL;
}
